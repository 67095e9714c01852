"""The case suites: one case a line, their numeric truths, and the table of how the engine does on them."""
