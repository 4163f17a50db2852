"""`python -m salquest` is the command line."""

from salquest.cli import main

main()
