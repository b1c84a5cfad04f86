"""`python -m skmia`: the command line."""

import sys

from skmia.cli import main

if __name__ == "__main__":
    sys.exit(main())
