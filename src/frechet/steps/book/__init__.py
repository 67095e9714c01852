"""The rules that are written down, by chapter; `frechet.steps.rules` adds those of the operations."""
