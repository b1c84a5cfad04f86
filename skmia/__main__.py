"""`python -m skmia`: the command line."""

import sys

from skmia.cli._command_line import main

if __name__ == "__main__":
    sys.exit(main())
