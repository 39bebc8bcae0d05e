"""What the process that tries a model answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from studies import data, document

from sparktune.data import load_dataset
from sparktune.spec import parse_spec
from sparktune.study.check_worker import check


def request(folder: Path, builder: str) -> dict[str, Any]:
    spec = parse_spec(document(folder, model={"builder": builder}))
    schema = load_dataset(spec, arrays=data()).schema
    return {"spec": spec.model_dump(mode="json"), "schema": schema.model_dump(mode="json")}


def test_an_error_comes_back_with_its_class(tmp_path) -> None:
    answer = check(request(tmp_path, "builders:absent"))
    assert answer["kind"] == "ModelError"
    assert "holds no 'absent'" in str(answer["error"])


def test_the_answer_is_all_that_standard_output_holds(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparktune.study.check_worker"],
        input=json.dumps(request(tmp_path, "builders:plain")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"error": None}
    assert "a word of the builder's own" in done.stderr
