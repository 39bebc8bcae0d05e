"""The folder of an MLflow model is what MLflow itself would write."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mlflow import pyfunc
from mlflow.models import Model
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.model import LOADER, signature, write_mlmodel

LOGGED = SimpleNamespace(artifact_location="somewhere", model_id="m-1")


@pytest.fixture
def written(bundles: dict[str, Bundle], tmp_path: Path) -> Path:
    write_mlmodel(bundles["binary"], tmp_path / "model", "run-1", LOGGED)
    return tmp_path / "model"


def entry(folder: Path) -> dict[str, Any]:
    """MLmodel, without what is told of the moment."""
    content: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text())
    del content["utc_time_created"]
    return content


@pytest.mark.filterwarnings("ignore:::mlflow")  # on a missing input example
def test_it_is_described_as_mlflow_would(written: Path, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    bundle, theirs = bundles["binary"], tmp_path / "theirs"
    pyfunc.save_model(
        str(theirs),
        loader_module=LOADER,
        data_path=str(bundle.path),
        mlflow_model=Model(
            artifact_path="somewhere",
            model_uuid="m-1",
            model_id="m-1",
            run_id="run-1",
            signature=signature(bundle.schema),
        ),
        pip_requirements=(written / "requirements.txt").read_text().splitlines(),
    )
    ours, expected = entry(written), entry(theirs)
    flavor, theirs_flavor = ours["flavors"].pop("python_function"), expected["flavors"].pop("python_function")
    assert ours == expected
    assert flavor == {**theirs_flavor, "code": "code/sparktune.zip", "data": "data/bundle"}
    assert (written / "requirements.txt").read_text() == (theirs / "requirements.txt").read_text()
    for file in ("python_env.yaml", "conda.yaml"):
        assert (
            yaml.safe_load((written / file).read_text()).keys()
            == yaml.safe_load((theirs / file).read_text()).keys()
        )


def test_its_requirements_are_what_is_installed(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("pip", "conda"):
        assert "tensorflow==" in Path(pyfunc.get_model_dependencies(str(written), kind)).read_text()
    warn_dependency_requirement_mismatches((written / "requirements.txt").read_text().splitlines())
    assert "mismatch" not in caplog.text
