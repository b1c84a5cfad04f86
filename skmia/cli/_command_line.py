"""The command `skmia`."""

import argparse
import sys

import skmia
from skmia.cli import _demo as demo


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The words after `skmia`; by default those of the process.

    Returns
    -------
    int
        0 if all went well, 1 if a file could not be written; argparse exits with 2 on wrong words.
    """
    parser = argparse.ArgumentParser(
        prog="skmia",
        description="Audit classifiers for what they give away of their training rows.",
    )
    parser.add_argument("--version", action="version", version=f"skmia {skmia.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo.add_parser(commands)
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except OSError as error:
        print(f"skmia: {error}", file=sys.stderr)
        return 1
