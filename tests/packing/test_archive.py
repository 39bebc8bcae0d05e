"""Environments packed, unpacked elsewhere and used with their origin hidden."""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.errors import InputError
from sparktune.packing.archive import BLOCK, ParallelGzip, pack
from sparktune.packing.interpreter import OF_THE_HOST

ROOT = Path(__file__).parents[2]
SYSTEM = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
PACK = "from pathlib import Path; from sparktune.packing import pack; print(pack(Path('e.tar.gz')).files)"
# What executors need of an interpreter; it prints its root, and the shared libraries from elsewhere.
LOOK = """
import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, sys, zlib
import greeting, sparktune.errors
assert ctypes.CDLL(None) and hashlib.sha256() and ssl.create_default_context()
files = [line.split()[-1] for line in open("/proc/self/maps") if ".so" in line]
print(sys.prefix, sys.base_prefix, greeting.__file__, sparktune.__file__, sep="\\n")
print(*sorted({file for file in files if not file.startswith(sys.prefix)}), sep="\\n")
"""


@pytest.fixture(scope="module", params=[sys.executable, SYSTEM], ids=["this Python", "the system's"])
def origin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small virtual environment, packed into e.tar.gz beside it."""
    if not Path(request.param).exists():
        pytest.skip(f"there is no {SYSTEM}")
    folder = tmp_path_factory.mktemp("origin")
    make = [request.param, "-m", "venv", "--without-pip", str(folder / "venv")]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "greeting.py").write_text("def main(): print('hello')\n")
    about = packages / "greeting-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[console_scripts]\nhello = greeting:main\n")
    done = subprocess.run(
        [str(folder / "venv" / "bin" / "python"), "-c", PACK],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500
    yield folder


@pytest.fixture(scope="module")
def environment(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked in another folder."""
    folder = tmp_path_factory.mktemp("unpacked") / "environment"
    folder.mkdir()
    subprocess.run(["tar", "-xzf", str(origin / "e.tar.gz"), "-C", str(folder)], check=True, timeout=60)
    return folder


def run_alone(origin: Path, *command: str) -> list[str]:
    """Run a command without any variable, with what the archive was made of hidden where that is allowed."""
    base = (origin / "venv" / "bin" / "python").resolve()
    library = base.parents[1] / "lib" / base.name
    hide = " && ".join(f"mount -t tmpfs none {folder}" for folder in (origin, library, ROOT))
    wrapper = ["unshare", "-m", "sh", "-c", f'{hide} && cd / && exec "$@"', "sh"] if can_hide() else []
    done = subprocess.run([*wrapper, *command], env={}, cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def can_hide() -> bool:
    unshare = shutil.which("unshare")
    mount = [str(unshare), "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return unshare is not None and subprocess.run(mount, capture_output=True).returncode == 0


def test_it_runs_where_its_origin_is_not(origin: Path, environment: Path) -> None:
    prefix, base, *rest = run_alone(origin, str(environment / "bin" / "python"), "-c", LOOK)
    assert prefix == base == str(environment)
    assert all(file.startswith(f"{environment}/") for file in rest[:2])
    assert all(OF_THE_HOST.match(Path(library).name) for library in rest[2:])


def test_its_commands_start_the_interpreter_beside_them(origin: Path, environment: Path) -> None:
    assert run_alone(origin, str(environment / "bin" / "hello")) == ["hello"]


def test_no_link_leads_out_and_no_file_names_its_owner(origin: Path) -> None:
    with tarfile.open(origin / "e.tar.gz") as archive:
        members = archive.getmembers()
    links = [member for member in members if member.issym() or member.islnk()]
    assert {member.linkname for member in links} == {f"python{sys.version_info[0]}.{sys.version_info[1]}"}
    assert {(member.uid, member.gid, member.uname) for member in members} == {(0, 0, "")}
    assert len({member.name for member in members}) == len(members)


@pytest.mark.parametrize("name", ["environment.zip", "environment.tar"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must end in \.tar\.gz or \.tgz"):
        pack(tmp_path / name)


def test_a_failure_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "e.tar.gz").write_text("what was there")
    monkeypatch.setattr("sparktune.packing.archive.interpreter_entries", lambda scratch: [])
    monkeypatch.setattr("sparktune.packing.archive.package_entries", lambda target, exclude: [None])
    with pytest.raises(AttributeError):
        pack(tmp_path / "e.tar.gz")
    assert [file.name for file in tmp_path.iterdir()] == ["e.tar.gz"]
    with pytest.raises(InputError, match="No such file or directory; name another file"):
        pack(tmp_path / "nowhere" / "e.tar.gz")


@pytest.mark.parametrize("size", [0, 10, 3 * BLOCK + 1])
def test_what_is_compressed_by_several_cores_is_one_gzip_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(1000) * (size // 1000 + 1)
    with (tmp_path / "file.gz").open("wb") as file, ParallelGzip(file, 1) as compressed:
        for start in range(0, size, BLOCK):
            compressed.write(content[start : min(start + BLOCK, size)])
    with gzip.open(tmp_path / "file.gz") as file:
        assert file.read() == content[:size]
