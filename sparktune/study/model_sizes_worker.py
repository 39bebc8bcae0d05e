"""Counts the parameters of models: one line of parameters in, one number out."""

import json
import os
import sys

from sparktune.columns.schema import Schema
from sparktune.launch.forkserver.call import answer_alone
from sparktune.spec import StudySpec
from sparktune.study.check import CheckRequest
from sparktune.training.kinds.base import build_model
from sparktune.trial import Params

KEPT = 100  # models, until Keras forgets their names


def count(params: Params, spec: StudySpec, schema: Schema) -> int | None:
    """The parameters of a configuration's model; None where it cannot be built.

    Built without weights where that is possible, as it is unless a builder computes with them.
    """
    import keras

    section, _ = spec.configured(params)
    try:
        with keras.StatelessScope(initialize_variables=False):
            return int(build_model(section, schema).count_params())
    except (Exception, SystemExit):  # noqa: BLE001 - a builder may raise anything
        pass
    try:
        return int(build_model(section, schema).count_params())
    except (Exception, SystemExit):  # noqa: BLE001 - as above; the trial says why
        return None


def main() -> None:
    """Read a CheckRequest and then parameters, line by line, until standard input ends."""
    import keras

    request = CheckRequest.from_json(sys.stdin.readline())
    with answer_alone() as file:
        for number, line in enumerate(sys.stdin, start=1):
            print(json.dumps(count(json.loads(line), request.spec, request.schema)), file=file, flush=True)
            if number % KEPT == 0:
                keras.utils.clear_session()
    os._exit(0)  # waits for no thread of a builder


if __name__ == "__main__":
    main()
