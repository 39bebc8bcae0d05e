"""The command line."""

import atexit
import gc
import os
import sys
import threading
from contextlib import ExitStack, suppress
from io import TextIOWrapper
from pathlib import Path

from sparktune.signals import ended_by_signals

INTERRUPTED = 130  # exit code
GARBAGE = (100_000, 50, 100)  # thresholds of the garbage collector's three generations


@ended_by_signals()
def main(arguments: list[str] | None = None) -> None:
    """The `sparktune` command; Ctrl-C, SIGTERM and SIGHUP end it with exit code 130, during imports too.

    A fork server loads TensorFlow while this process loads the other modules.
    """
    given = sys.argv[1:] if arguments is None else arguments
    _set_up()
    interrupted = threading.Event()
    if arguments is None:
        atexit.register(_exit_as_interrupted, interrupted)  # registered first, it runs last
    try:
        with ExitStack() as stack:
            document = None
            if "--json" in given:
                from sparktune.cli.streams import document_alone

                document = stack.enter_context(document_alone())
            if given[:1] == ["tune"]:
                from sparktune.launch.forkserver.client import start_fork_server

                stack.enter_context(start_fork_server())
            from sparktune.cli.app import main as run

            run(given, stack, document)
    except KeyboardInterrupt:
        interrupted.set()
        print("interrupted; run the same command again", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            interrupted.set()
        raise


def _set_up() -> None:
    """Settings of this process.

    Garbage is collected less often, which saves 0.4 of the 1.9 seconds that importing MLflow takes, and not
    at the exit, which saves 0.6 seconds there. Letters that standard output lacks are written as standard
    error does, by their numbers.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(Path.cwd()))
    gc.set_threshold(*GARBAGE)
    atexit.register(gc.freeze)
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _exit_as_interrupted(interrupted: threading.Event) -> None:
    """End with 130 after an interrupt.

    Where it came up in a string that was executed, as imports do, Python would send itself SIGINT at the end.
    """
    if interrupted.is_set():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(INTERRUPTED)


__all__ = ["main"]
