"""What executors need, shipped to them: a packed environment that they unpack and train with."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.jobs.submit import submit
from tests.launch.standalone import standalone_cluster

ROOT = Path(__file__).parents[2]
# What the README says that executors need; PySpark comes with Spark. The command needs typer.
NEEDED = ("tensorflow", "keras", "numpy", "pydantic", "PyYAML", "typer")
# Its gigabytes would be copied five times: the executors find it on their host.
ON_THE_HOST = "tensorflow"

STUDY = """\
study: {name: packed}
data: {source: digits, scale: 16}
model: {kind: builder, builder: "witness:build"}
search: {space: {learning_rate: [0.01, 0.03]}}
training: {epochs: 1, batch_size: 256}
"""
# A user's own builder, sent along by --py-files. It notes which interpreter and libraries it was run with.
WITNESS = """\
import json, os, pathlib, sys
import keras, numpy, sparktune, ssl

def build(params, input_shape, outputs):
    found = {{"prefix": sys.prefix, "files": [m.__file__ for m in (json, ssl, keras, numpy, sparktune)]}}
    pathlib.Path({folder!r}, f"{{os.getpid()}}.json").write_text(json.dumps(found))
    flat, dense = keras.layers.Flatten(), keras.layers.Dense(outputs, activation="softmax")
    return keras.Sequential([keras.Input(input_shape), flat, dense])
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what executors need, packed. Its files are those of this environment."""
    folder = tmp_path_factory.mktemp("packed")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    for source, name in installed_files():
        place(source, packages / name)
    command = [str(environment / "bin" / "python"), "-m", "sparktune", "pack", "--level", "0", "--json"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(environment)
    return folder / json.loads(done.stdout)["output"]


def installed_files() -> Iterator[tuple[Path, str]]:
    """Each file of NEEDED and of what they need in turn, without ON_THE_HOST; its place in site-packages."""
    for found in needed():
        site = Path(str(found.locate_file("")))
        names = {
            str(f) for f in found.files or [] if not str(f).startswith(("..", f"{ON_THE_HOST}/", "clang/"))
        }
        names |= {cache_from_source(name) for name in names if name.endswith(".py")}
        yield from ((site / name, name) for name in sorted(names) if (site / name).exists())


def needed() -> list[Distribution]:
    todo, seen = [*NEEDED], dict[str, Distribution]()
    while todo:
        name = canonicalize_name(todo.pop())
        if name not in seen:
            seen[name] = distribution(name)
            needs = [Requirement(line) for line in seen[name].requires or []]
            todo += [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
    return list(seen.values())


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder of packages that the executors' host has: ON_THE_HOST alone."""
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / ON_THE_HOST).symlink_to(str(distribution(ON_THE_HOST).locate_file(ON_THE_HOST)))
    return folder


def test_executors_train_with_the_environment_that_was_shipped(
    archive: Path, host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witnesses = tmp_path / "witnesses"
    witnesses.mkdir()
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "witness.py").write_text(WITNESS.format(folder=str(witnesses)))
    monkeypatch.setenv("PYTHONPATH", str(host))  # of the workers; the driver has its own
    with standalone_cluster(workers=1, cores=1, memory="1g") as master:
        submit(
            master,
            tmp_path,
            "tune.py",
            *("--config", "study.yaml", "--offline"),
            options=("--archives", f"{archive}#environment", "--py-files", "witness.py"),
            PYSPARK_PYTHON="./environment/bin/python",
            PYTHONPATH=str(ROOT),
        )

    summary = json.loads((tmp_path / "studies" / "packed" / "summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 2}
    found = [json.loads(file.read_text()) for file in witnesses.iterdir()]
    remote = [note for note in found if note["prefix"] != sys.prefix]
    assert len(remote) == 1, "one executor process has trained both trials"
    assert Path(remote[0]["prefix"]).name == "environment"
    assert all(file.startswith(remote[0]["prefix"] + os.sep) for file in remote[0]["files"])
