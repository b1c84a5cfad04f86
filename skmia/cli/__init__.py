"""The command `skmia`."""

from skmia.cli._command_line import main

__all__ = ["main"]
