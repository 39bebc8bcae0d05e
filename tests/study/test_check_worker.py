"""What the process that tries a model answers."""

import json
from pathlib import Path

import pytest
from studies import data, document

from sparktune.data import load_dataset
from sparktune.spec import parse_spec
from sparktune.study.check import CheckRequest
from sparktune.study.check_worker import check
from tests.launch.forks import run_in_fork

pytestmark = pytest.mark.usefixtures("fork_server")


def request(folder: Path, builder: str) -> CheckRequest:
    spec = parse_spec(document(folder, model={"builder": builder}))
    return CheckRequest(spec, load_dataset(spec, arrays=data()).schema)


def test_a_request_crosses_to_the_worker_unchanged(tmp_path) -> None:
    asked = request(tmp_path, "builders:plain")
    assert CheckRequest.from_json(asked.to_json()) == asked


def test_an_error_comes_back_with_its_class(tmp_path) -> None:
    answer = check(request(tmp_path, "builders:absent"))
    assert answer["kind"] == "ModelError"
    assert "holds no 'absent'" in str(answer["error"])


def test_an_interrupt_in_a_builder_prints_no_traceback(tmp_path) -> None:
    asked = request(tmp_path, "builders:interrupted")
    done = run_in_fork("sparktune.study.check_worker", asked.to_json())
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_the_answer_is_all_that_standard_output_holds(tmp_path) -> None:
    done = run_in_fork("sparktune.study.check_worker", request(tmp_path, "builders:plain").to_json())
    assert json.loads(done.stdout) == {"error": None}
    assert "a word of the builder's own" in done.stderr
