"""docker/compose.yaml: its schema, its habits, and what it starts, as processes by its own commands."""

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest
import yaml
from mlflow import MlflowClient

from tests.docker.compose import FILE, Composition, interpolated, postgres_folder, services
from tests.docker.containers import DOCKER, ROOT, moved

SERVICES = services({"POSTGRES_PASSWORD": "secret"})
DAEMONS = ("spark-master", "spark-worker", "postgres", "mlflow")


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    """What `docker compose run --rm tune` and `score` start, after both."""
    if not (postgres_folder() / "initdb").exists():
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    with ExitStack() as stack:
        assert all(isinstance(word, str) for service in SERVICES.values() for word in service["command"])
        composition = Composition(tmp_path_factory.mktemp("compose"), stack)
        composition.start("spark-master", "postgres")
        composition.start("spark-worker", "mlflow")
        composition.run("tune")
        composition.run("score")
        yield composition


def test_tune_and_score_give_a_scored_table(composition: Composition) -> None:
    scored = pq.read_table(composition.folder / "workspace" / "scored.parquet").to_pandas()
    assert len(scored) == 150
    assert (scored["prediction"] == scored["species"]).mean() > 0.9


def test_every_trial_is_in_mlflow(composition: Composition) -> None:
    client = MlflowClient(f"http://127.0.0.1:{composition.ports['5000']}")
    experiment = client.get_experiment_by_name("iris")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1 + 12
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert client.get_model_version_by_alias("iris", "champion").version == "1"
    assert list((composition.folder / "artifacts").rglob("*.keras"))


def test_mlflow_answers_to_its_name_among_containers(composition: Composition) -> None:
    def status(host: str) -> int:
        address = (
            f"http://127.0.0.1:{composition.ports['5000']}/api/2.0/mlflow/experiments/get?experiment_id=0"
        )
        request = urllib.request.Request(address, headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status(f"mlflow:{composition.ports['5000']}") == 200
    assert status("stranger.example:5000") == 403


def test_the_profile_serving_answers_for_the_registered_model(composition: Composition) -> None:
    composition.start("serving")
    measures = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
    request = urllib.request.Request(
        f"http://127.0.0.1:{composition.ports['5001']}/invocations",
        json.dumps({"dataframe_records": [measures]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        (answered,) = json.load(answer)["predictions"]
    probabilities = answered["probability"]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert probabilities.index(max(probabilities)) == 0, "setosa is the first class"


def test_the_file_fits_its_schema() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    described = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(described)] == []


def test_it_holds_no_secret_and_asks_for_one() -> None:
    text = FILE.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"POSTGRES_PASSWORD: set POSTGRES_PASSWORD in docker/\.env"):
        interpolated(text, {})
    used = [line for line in text.splitlines() if "$" in line and "POSTGRES_PASSWORD" in line]
    assert [line.split(":")[0] for line in used] == ["x-required"]
    assert "secret" not in str(SERVICES.values()).replace("secrets", "").replace("postgres_password", "")


def test_every_variable_is_in_the_example_with_its_default() -> None:
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", FILE.read_text(encoding="utf-8")))
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    images = {"SPARKTUNE_IMAGE", "SPARKTUNE_GPU_IMAGE"}
    assert {name: value for name, value in used.items() if name not in images} == {
        name: value for name, value in shown.items() if name != "POSTGRES_PASSWORD"
    }
    assert shown["POSTGRES_PASSWORD"] == ""


def test_workers_can_be_scaled() -> None:
    worker = SERVICES["spark-worker"]
    assert not {"ports", "container_name", "hostname"} & worker.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_watched_waits_for_the_healthy_and_stays_on_this_host(service: str) -> None:
    described = SERVICES[service]
    job = service in ("tune", "score", "tune-gpu")
    assert job != ("healthcheck" in described)
    assert described["restart"] == ("no" if job else "unless-stopped")
    assert {wait["condition"] for wait in described.get("depends_on", {}).values()} <= {"service_healthy"}
    assert all(port.startswith("127.0.0.1:") for port in described.get("ports", []))


def test_named_volumes_and_profiles() -> None:
    volumes = yaml.safe_load(FILE.read_text(encoding="utf-8"))["volumes"]
    assert set(volumes) == {"workspace", "artifacts", "postgres"}
    without = {name for name, described in SERVICES.items() if "profiles" not in described}
    assert without == {*DAEMONS, "jupyter"}
    profiles = {profile for described in SERVICES.values() for profile in described.get("profiles", [])}
    assert {"tensorboard", "serving", "gpu"} <= profiles


def test_a_job_enables_all_that_it_waits_for() -> None:
    for name, described in SERVICES.items():
        for other in described.get("depends_on", {}):
            needed = SERVICES[other].get("profiles", [])
            assert not needed or set(needed) & set(described.get("profiles", [])), (name, other)


@pytest.mark.parametrize("service", SERVICES)
def test_files_that_are_named_exist(service: str) -> None:
    build = SERVICES[service].get("build")
    if build:
        assert (FILE.parent / build["context"] / build["dockerfile"]).is_file()
    mounted = [volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])]
    assert all((FILE.parent / path).is_dir() for path in mounted if path.startswith("."))


def test_notebooks_run_in_a_folder_that_can_be_written(tmp_path: Path) -> None:
    described = SERVICES["jupyter"]
    assert [volume for volume in described["volumes"] if ":/workspace" in volume] == ["workspace:/workspace"]
    places = {f"/{name}": tmp_path / name for name in ("notebooks", "workspace")}
    shutil.copytree(ROOT / "notebooks", places["/notebooks"])
    (tmp_path / "workspace").mkdir()
    (tmp_path / "jupyter").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "jupyter").chmod(0o755)
    command = [moved(word, places) for word in described["command"]]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=path, timeout=30)
    own = tmp_path / "workspace" / "notebooks" / "01_hello_world.ipynb"
    own.write_text("changed")
    again = subprocess.run(command, check=True, env=path, timeout=30, capture_output=True, text=True)
    assert again.stdout.split()[-2:] == ["--notebook-dir", str(tmp_path / "workspace")]
    assert own.read_text() == "changed"
    given = (ROOT / "notebooks").glob("*.ipynb")
    assert {path.name for path in own.parent.glob("*.ipynb")} == {path.name for path in given}
    assert own.parent.stat().st_mode & 0o200


def test_nothing_enters_an_image_unnamed() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith("!") and ".env" in rule]


def test_the_readme_names_what_exists() -> None:
    text = (DOCKER / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    named = set(re.findall(r"(?:run (?:--build )?--rm|jupyter|build|logs|--scale) ([a-z][a-z-]+)\b", text))
    profiles = {profile for described in SERVICES.values() for profile in described.get("profiles", [])}
    assert {"tune", "score", "tune-gpu", "spark-master"} <= named <= set(SERVICES)
    assert set(re.findall(r"--profile ([a-z-]+)", text)) <= profiles
    paths = re.findall(r"(?:--file|--filename|--kustomize|--from-file) (docker/\S+)", text)
    assert paths
    assert all((ROOT / path.rstrip("`)")).exists() for path in paths)
    assert set(re.findall(r"`([A-Z_]+)=", text)) <= set(re.findall(r"[A-Z_]+", FILE.read_text()))
