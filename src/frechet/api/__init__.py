"""The public functions and the types of their results: `function` (parse, Function), `derivative`, `stacked`."""
