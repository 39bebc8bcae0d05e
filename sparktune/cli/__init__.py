"""The command line."""

import atexit
import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path

GARBAGE = (100_000, 50, 100)  # objects, and collections of the generation before


def main(arguments: list[str] | None = None) -> None:
    """The `sparktune` command; Ctrl-C ends it with 130 while its modules are being imported, too."""
    given = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(Path.cwd()))
    _collect_seldom()
    try:
        with ExitStack() as stack:
            if given[:1] == ["tune"]:
                _load_tensorflow(stack)
            from sparktune.cli.app import main as run

            run(given, stack)
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        sys.exit(130)


def _load_tensorflow(stack: ExitStack) -> None:
    """Have it loaded by a fork server while this process loads the rest."""
    from sparktune.launch.forkserver.client import ForkServer, safe_here

    if safe_here():
        stack.enter_context(ForkServer())


def _collect_seldom() -> None:
    """Look for garbage less often, and not at the exit, where it would be all that MLflow has imported.

    Measured: 0.4 of 1.9 seconds while MLflow is imported, and 0.6 seconds at the exit.
    """
    gc.set_threshold(*GARBAGE)
    atexit.register(gc.freeze)


__all__ = ["main"]
