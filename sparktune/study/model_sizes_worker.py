"""Counts the parameters of models: one line of parameters in, one number out."""

import json
import os
import sys

from sparktune.launch.forkserver.call import answer_alone
from sparktune.study.check import CheckRequest
from sparktune.training.model_size import count_parameters


def main() -> None:
    """Read a CheckRequest and then parameters, line by line, until standard input ends."""
    request = CheckRequest.from_json(sys.stdin.readline())
    with answer_alone() as file:
        for line in sys.stdin:
            count = count_parameters(json.loads(line), request.spec, request.schema)
            print(json.dumps(count), file=file, flush=True)
    os._exit(0)  # waits for no thread of a builder


if __name__ == "__main__":
    main()
