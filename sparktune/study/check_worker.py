"""Tries the user's builder and callbacks, in a process that they may end or block."""

import json
import os
import signal
import sys

from sparktune.errors import InputError
from sparktune.launch.forkserver.call import answer_alone
from sparktune.study.check import SECONDS, CheckRequest
from sparktune.training import check_model

INTERRUPTED = 128 + int(signal.SIGINT)  # as a shell has it


def check(request: CheckRequest) -> dict[str, str | None]:
    """The message and the class of the error that `check_model` raises; no message where it raises none."""
    try:
        check_model(request.spec, request.schema)
    except InputError as error:
        return {"error": str(error), "kind": type(error).__name__}
    return {"error": None}


def main() -> None:
    """Read a CheckRequest from standard input, answer on standard output, wait for no thread."""
    signal.alarm(int(SECONDS) + 60)  # ends what blocks although the driver was killed
    request = CheckRequest.from_json(sys.stdin.read())
    try:
        with answer_alone() as file:
            json.dump(check(request), file)
    except KeyboardInterrupt:  # the builder raises it, say: the driver reports a process that gave no answer
        os._exit(INTERRUPTED)
    os._exit(0)


if __name__ == "__main__":
    main()
