"""The command line."""

import sys


def main(arguments: list[str] | None = None) -> None:
    """The `sparktune` command; Ctrl-C ends it with 130 while its modules are being imported, too."""
    try:
        from sparktune.cli.app import main as run

        run(arguments)
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        sys.exit(130)


__all__ = ["main"]
