"""Attacks that ask the target alone and compare its answers with those to known records."""
