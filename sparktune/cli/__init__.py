"""The command line."""

import atexit
import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path

GARBAGE = (100_000, 50, 100)  # objects, and collections of the generation before


def main(arguments: list[str] | None = None) -> None:
    """The `sparktune` command; Ctrl-C ends it with 130 while its modules are being imported, too.

    A fork server loads TensorFlow while this process loads the rest. Garbage is looked for less often, and
    not at the exit, where it would be all that MLflow has imported: measured, that saves 0.4 of 1.9 seconds
    while MLflow is imported, and 0.6 seconds at the exit.
    """
    given = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(Path.cwd()))
    gc.set_threshold(*GARBAGE)
    atexit.register(gc.freeze)
    try:
        with ExitStack() as stack:
            if given[:1] == ["tune"]:
                from sparktune.launch.forkserver.client import ForkServer, safe_here

                if safe_here():
                    stack.enter_context(ForkServer())
            from sparktune.cli.app import main as run

            run(given, stack)
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        sys.exit(130)


__all__ = ["main"]
