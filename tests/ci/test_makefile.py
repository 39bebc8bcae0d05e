"""`make`, its targets and the versions it pins."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from importlib.util import cache_from_source, find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
TARGETS = ("help", "install", "demo", "notebooks", "test", "chaos", "lint", "docs", "clean")


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    """The version of each package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    strange = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)]
    assert not strange, "a pin is name==version, without addresses, hashes or markers"
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


@pytest.fixture(scope="module")
def requirements() -> list[Requirement]:
    """What `make install` installs: what pyproject.toml asks for, the development tools and their extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    found = [Requirement(line) for line in [*project["dependencies"], *extras["dev"]]]
    chosen = {
        extra for requirement in found if requirement.name == "sparktune" for extra in requirement.extras
    }
    found += [Requirement(line) for extra in sorted(chosen) for line in extras[extra]]
    return [requirement for requirement in found if requirement.name != "sparktune"]


@pytest.mark.parametrize("target", TARGETS)
def test_target_parses(target: str) -> None:
    make("--dry-run", target)


def test_help_comes_first_and_names_every_target() -> None:
    told = make()
    assert [line.split()[1] for line in told.splitlines()] == list(TARGETS)


@pytest.mark.parametrize("target", ["demo", "notebooks", "test", "lint"])
def test_targets_install_first(target: str) -> None:
    # -W pretends that constraints.txt has just changed.
    told = make("--dry-run", "-W", "constraints.txt", target)
    assert told.index("pip install") < told.rindex(".venv/bin/")


def test_every_requirement_is_pinned_within_its_bounds(
    pins: dict[str, Version], requirements: list[Requirement]
) -> None:
    for requirement in requirements:
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{requirement} does not allow the pinned {pin}"


def test_whatever_they_need_is_pinned_too(pins: dict[str, Version], requirements: list[Requirement]) -> None:
    todo, seen = list(requirements), set[str]()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if name not in seen:
            seen.add(name)
            needs = [Requirement(line) for line in distribution(name).requires or []]
            todo += [r for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
    assert seen - {"setuptools", "wheel"} - pins.keys() == set()


def test_no_fitting_interpreter_is_said_plainly(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / ".ci" / "venv"), str(tmp_path / "venv")],
        env={"PATH": "/usr/bin:/bin", "PYTHON": "python-that-is-not"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13" in done.stderr
    assert "python-that-is-not" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    command = [str(ROOT / ".ci" / "venv"), str(tmp_path / "venv")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    subprocess.run(command, env=environment, check=True, timeout=120)
    mark = tmp_path / "venv" / "mark"
    mark.touch()
    subprocess.run(command, env=environment, check=True, timeout=120)
    assert mark.exists()


@pytest.mark.parametrize(
    "package", ["tensorflow", "keras", "pyspark", "mlflow", "numpy", "pandas", "pyarrow"]
)
def test_every_start_finds_bytecode(package: str) -> None:
    folder = Path(find_spec(package).origin).parent  # type: ignore[union-attr,arg-type]
    sources = [path for path in folder.rglob("*.py") if not {"test", "tests"} & set(path.parts)]
    bare = [path for path in sources if not Path(cache_from_source(str(path))).exists()]
    assert len(sources) > 20
    assert [path for path in bare if compiles(path)] == [], "run make install"


def compiles(path: Path) -> bool:
    """Whether it is Python of this version; templates are not."""
    try:
        compile(path.read_bytes(), path, "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def test_bytecode_is_made_though_the_environment_forbids_to_write_it(tmp_path: Path) -> None:
    told = make("--dry-run", "-W", "constraints.txt", "install")
    line = next(line for line in told.splitlines() if "-m compileall" in line)
    assert told.index("pip install") < told.index(line)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.py").write_text("x = 1\n")
    command = line.replace(".venv/bin/python", sys.executable).replace(".venv/lib sparktune jobs", "lib")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert Path(cache_from_source(str(tmp_path / "lib" / "one.py"))).exists()


def test_ci_runs_the_tests() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("make test")
