"""Writes the arrays of a model file, in a process that has TensorFlow."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sparktune.bundle.engines.trained import load_keras
from sparktune.files import write_atomically
from sparktune.launch.forkserver.call import answer_alone
from sparktune.spec import StudySpec
from sparktune.spec.extensions import CHECKED
from sparktune.training.user_code import import_own_code


def extract(request: dict[str, Any]) -> str | None:
    """Write the arrays of a WeightsRequest; gives what keeps it from that, None where nothing does."""
    try:
        section, _ = StudySpec.model_validate(request["spec"], context=CHECKED).configured(request["params"])
        import_own_code(section)  # registers the layers of the user's own
        weights = load_keras(Path(request["model"])).get_weights()
        file = io.BytesIO()
        np.savez(file, *weights)
        write_atomically(Path(request["target"]), file.getvalue())
    except Exception as error:  # noqa: BLE001 - a model of the user's own may raise anything
        return f"{type(error).__name__}: {error}"
    return None


def main() -> None:
    """Read a WeightsRequest from standard input, answer with `error` on standard output."""
    request = json.loads(sys.stdin.read())
    with answer_alone() as file:
        json.dump({"error": extract(request)}, file)


if __name__ == "__main__":
    main()
