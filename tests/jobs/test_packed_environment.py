"""What executors need, shipped to them: a packed environment that they unpack and train with."""

import json
import os
import shutil
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest
import venv_pack
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sparktune
from tests.jobs.submit import submit
from tests.launch.standalone import standalone_cluster

# What the README says that executors need; PySpark comes with Spark.
NEEDED = ("tensorflow", "keras", "numpy", "pydantic", "PyYAML")
# C++ headers and libclang, for those who compile against TensorFlow: a quarter of the archive.
LEFT_OUT = ("tensorflow/include/", "clang/")
# Machine code of TensorFlow: linked, as each of its gigabytes would be copied five times.
LARGE = 50 * 2**20

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
import keras, sparktune, tensorflow

def build(params, input_shape, outputs):
    found = {{"prefix": sys.prefix, "files": [m.__file__ for m in (keras, sparktune, tensorflow)]}}
    pathlib.Path({folder!r}, f"{{os.getpid()}}.json").write_text(json.dumps(found))
    flat, dense = keras.layers.Flatten(), keras.layers.Dense(outputs, activation="softmax")
    return keras.Sequential([keras.Input(input_shape), flat, dense])
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what executors need, packed.

    Its files are those of the environment that runs the tests, as if the same wheels were installed; the
    largest libraries are links to them, as the archive stays on this machine. For the same reason nothing is
    compressed; yet it is a .tar.gz, as Spark loses the permissions of a .tar.
    """
    folder = tmp_path_factory.mktemp("packed")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    for source, target in installed_files():
        place(source, packages / target)
    shutil.copytree(Path(sparktune.__file__).parent, packages / "sparktune")
    packed = venv_pack.pack(str(environment), output=str(folder / "environment.tar.gz"), compress_level=0)
    shutil.rmtree(environment)
    return Path(packed)


def installed_files() -> Iterator[tuple[Path, str]]:
    """Each file of NEEDED and of what they need in turn, and its place in site-packages."""
    for found in needed():
        site = Path(str(found.locate_file("")))
        names = {str(f) for f in found.files or [] if not str(f).startswith(("..", *LEFT_OUT))}
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
    if source.stat().st_size > LARGE:
        target.symlink_to(source)
        return
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copy2(source, target)


def test_executors_train_with_the_environment_that_was_shipped(archive: Path, tmp_path: Path) -> None:
    witnesses = tmp_path / "witnesses"
    witnesses.mkdir()
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "witness.py").write_text(WITNESS.format(folder=str(witnesses)))
    with standalone_cluster(workers=1, cores=1, memory="1g") as master:
        submit(
            master,
            tmp_path,
            "tune.py",
            *("--config", "study.yaml", "--offline"),
            options=("--archives", f"{archive}#environment", "--py-files", "witness.py"),
            PYSPARK_PYTHON="./environment/bin/python",
        )

    summary = json.loads((tmp_path / "studies" / "packed" / "summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 2}
    found = [json.loads(file.read_text()) for file in witnesses.iterdir()]
    remote = [note for note in found if note["prefix"] != sys.prefix]
    assert len(remote) == 1, "one executor process has trained both trials"
    assert Path(remote[0]["prefix"]).name == "environment"
    assert all(file.startswith(remote[0]["prefix"] + os.sep) for file in remote[0]["files"])
