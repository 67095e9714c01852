"""The tests; a package so that its helpers can be run by name (`python -m tests.fuzz.run`)."""
