"""The command line: one file per command, each a skin over Python. Exit status 0 all done, 1 some inputs failed, 2 the request is wrong."""

from salquest.cli.app import main

__all__ = ["main"]
