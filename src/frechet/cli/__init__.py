"""The `frechet` command."""

from frechet.cli.app import main

__all__ = ["main"]
