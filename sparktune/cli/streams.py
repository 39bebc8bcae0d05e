"""Standard output for one JSON document alone, also under spark-submit."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from sparktune.launch.forkserver.call import answer_alone


@contextmanager
def document_alone() -> Iterator[TextIO]:
    """Standard output as a file; what else is printed meanwhile goes to standard error.

    That holds for libraries, the user's own code and the processes that are started meanwhile. Under
    spark-submit, whose Java sends both streams of Python to its standard output, it is Java's standard error.
    """
    errors = _errors_of_java() if "PYSPARK_GATEWAY_PORT" in os.environ else None
    if errors is not None:
        sys.stderr.flush()
        os.dup2(errors, 2)
        os.close(errors)
    with answer_alone() as document, redirect_stdout(sys.stderr):
        yield document


def _errors_of_java() -> int | None:
    """A descriptor of what spark-submit's Java, this process's parent, writes its errors to.

    None where this system does not give it. A file is opened only where Java appends to it, as two writers
    would overwrite each other; else what is printed is lost, for only the document is asked for.
    """
    parent = Path(f"/proc/{os.getppid()}")
    with suppress(OSError, ValueError):
        if (parent / "comm").read_text().strip() != "java":
            return None
        flags = int((parent / "fdinfo" / "2").read_text().split("flags:")[1].split()[0], 8)
        regular = stat.S_ISREG((parent / "fd" / "2").stat().st_mode)
        place = os.devnull if regular and not flags & os.O_APPEND else parent / "fd" / "2"
        return os.open(place, os.O_WRONLY | os.O_APPEND)
    return None
