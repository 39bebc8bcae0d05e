"""What the source distribution and the wheel hold."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
HIDDEN = (".dockerignore", "docker/.env.example")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "demo", "studies")


def python(*arguments: str, cwd: Path) -> None:
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, folder / "tree", ignore=LEFT_OUT)
    shutil.copytree(ROOT / ".ci", folder / "tree" / ".ci")
    for name in HIDDEN:
        shutil.copy2(ROOT / name, folder / "tree" / name)
    build = "from setuptools import build_meta; build_meta.build_sdist('..')"
    python("-c", build, cwd=folder / "tree")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        # Python 3.11.2 has no filters, and 3.12 warns where none is named.
        files.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    yield folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> set[str]:
    """Names in the wheel that is built from the source distribution."""
    python(
        *("-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", "dist", "."), cwd=sdist
    )
    (file,) = (sdist / "dist").glob("*.whl")
    with ZipFile(file) as files:
        return set(files.namelist())


def tracked(*folders: str) -> set[str]:
    """Files of the checkout below `folders`, as far as they are no by-products."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def test_the_source_distribution_is_complete(sdist: Path) -> None:
    files = {str(path.relative_to(sdist)) for path in sdist.rglob("*") if path.is_file()}
    wanted = tracked("sparktune", "tests", "docs", "docker", "jobs", ".ci")
    wanted |= {"Makefile", "constraints.txt", "pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE"}
    assert (wanted | {*HIDDEN}) - files == set()
    assert os.access(sdist / ".ci" / "run", os.X_OK)


def test_the_wheel_has_the_package_and_its_data(wheel: set[str]) -> None:
    assert tracked("sparktune") - wheel == set()
    assert not [name for name in wheel if name.startswith("tests/")]


@pytest.mark.parametrize("name", ["constraints.txt", "jobs/tune.py", "jobs/score.py", "jobs/doctor.py"])
def test_the_wheel_puts_jobs_and_constraints_below_share(wheel: set[str], name: str) -> None:
    assert [entry for entry in wheel if entry.endswith(f".data/data/share/sparktune/{name}")]
