"""The process that counts the parameters of models."""

import json

from sparktune.columns.schema import Feature, Schema
from sparktune.spec import parse_spec
from sparktune.study.check import CheckRequest
from tests.launch.forks import run_in_fork


def test_it_answers_each_line_with_a_number(fork_server: None) -> None:
    schema = Schema(features=(Feature(name="x", shape=(4,)),), input_shape=(4,), task="regression", outputs=1)
    spec = parse_spec({"model": {"kind": "mlp", "layers": 1}, "search": {"space": {"neurons": [2, 3]}}})
    lines = [CheckRequest(spec, schema).to_json(), json.dumps({"neurons": 2}), json.dumps({"neurons": 3})]
    done = run_in_fork("sparktune.study.model_sizes_worker", "\n".join(lines) + "\n")
    assert done.stdout.split() == [str(2 * 4 + 2 + 3), str(3 * 4 + 3 + 4)]
