"""`python -m sparktune` is the `sparktune` command."""

from sparktune.cli import main

main()
