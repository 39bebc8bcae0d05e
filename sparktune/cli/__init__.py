"""The command line."""

from sparktune.cli.app import main

__all__ = ["main"]
