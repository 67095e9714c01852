"""`python -m frechet` is the command `frechet`."""

import sys

from frechet.cli import main

if __name__ == "__main__":
    sys.exit(main())
