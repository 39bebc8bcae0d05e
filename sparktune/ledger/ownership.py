"""The checks that a directory and its ledger belong to a study, before anything in them is used."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sparktune.errors import SpecError, StudyDirectoryError
from sparktune.ledger.events import FORMAT, Header, header_of_line
from sparktune.ledger.reading import LedgerFile
from sparktune.ledger.recovery import is_ledger
from sparktune.spec import StudySpec, parse_spec

LEDGER = "ledger.jsonl"
LOCK = ".driver.lock"
LONG_TEXT = 100  # characters
URI = re.compile("[a-z][a-z0-9+.-]+:")  # the first part of one that was taken for a path
WAY_OUT = "set another study.name or output.directory, or remove the folder if nobody needs it"


def check_directory(directory: Path) -> None:
    """Check that a folder is new, has a ledger, or only the lock and temporary files of a driver that died.

    An empty ledger is one that a driver could not write before it died: alone it counts as none; beside
    other files a study's record is lost.

    Raises:
        StudyDirectoryError: the folder holds other files, is no folder, or cannot be read.
    """
    ledger = directory / LEDGER
    try:
        if URI.fullmatch(directory.parts[0]) and not directory.exists():
            raise StudyDirectoryError(
                f"{directory} must be a folder of the driver's file system, not a URI; set output.directory, "
                "and output.checkpoints for what hosts share"
            )
        if directory.exists() and not directory.is_dir():
            raise StudyDirectoryError(f"{directory} must be a folder, but is a file; {WAY_OUT}")
        if not directory.exists() or (ledger.exists() and ledger.stat().st_size):
            return
        names = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise StudyDirectoryError(f"{directory} must be readable: {error}; set output.directory") from None
    foreign = [name for name in names if not name.startswith((LOCK, f".{LEDGER}", LEDGER))]
    if foreign:
        lost = f"an empty {LEDGER}; bring it back from a copy, or" if ledger.exists() else f"no {LEDGER};"
        raise StudyDirectoryError(
            f"{directory} must be new or a study directory, but holds {', '.join(foreign[:3])} and {lost} "
            f"{WAY_OUT}"
        )


def check_writable(directory: Path) -> Path:
    """Check that a folder can be written or, where it is new, made; gives the part of its path that exists.

    Raises:
        StudyDirectoryError: it cannot.
    """
    there = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise StudyDirectoryError(f"{directory} must be writable, but {there} is not; set output.directory")
    return there


def header_of(read: LedgerFile, path: Path) -> Header | None:
    """The header of a ledger; None where it is damaged.

    Raises:
        StudyDirectoryError: the file is no ledger, or of a newer version.
    """
    line = read.header or {}
    version = line.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise StudyDirectoryError(
            f"{path} has format {version}, but this version of sparktune reads up to {FORMAT}; upgrade or "
            "give the study another name"
        )
    with suppress(ValueError):
        return header_of_line(line)
    if not is_ledger(read):
        raise StudyDirectoryError(f"{path} must begin with the header of a ledger, but does not; {WAY_OUT}")
    return None


def check_same(header: Header, spec: StudySpec, data_digest: str, direction: str, directory: Path) -> None:
    """Check that the directory belongs to this study.

    Raises:
        StudyDirectoryError: it does not; the message names every field that differs.
    """
    there = stored_spec(header.spec, directory)
    differences = [*_differences(there.identity(), spec.identity())]
    if there.epochs != spec.epochs and (there.search.max_epochs or spec.search.max_epochs):
        differences.append("(search.max_epochs counts as training.epochs)")
    same_rows = there.identity()["data"] == spec.identity()["data"] and there.study.seed == spec.study.seed
    if header.data_digest != data_digest and same_rows:  # with other rows the data differ for that reason
        differences.append(
            f"the data are others: sha256 {header.data_digest[:12]} there, {data_digest[:12]} here"
        )
    if header.direction != direction:
        differences.append(f"objective.direction: {header.direction} there, {direction} here")
    if differences:
        listed = "\n  ".join(differences)
        raise StudyDirectoryError(f"{directory} belongs to another study:\n  {listed}\n{WAY_OUT}")


def stored_spec(document: dict[str, Any], directory: Path) -> StudySpec:
    """The spec that a ledger holds.

    Raises:
        StudyDirectoryError: this version of sparktune does not accept it.
    """
    try:
        return parse_spec(document, any_sampler=True)
    except SpecError as error:
        raise StudyDirectoryError(
            f"{directory} holds a spec that this version of sparktune refuses ({error}); {WAY_OUT}"
        ) from None


def _differences(there: Any, here: Any, path: str = "") -> Iterator[str]:
    if isinstance(there, dict) and isinstance(here, dict):
        if list(there) != list(here) and set(there) == set(here):
            yield f"{path}: order {', '.join(there)} there, {', '.join(here)} here"
        for key in {**there, **here}:
            yield from _differences(there.get(key), here.get(key), f"{path}.{key}" if path else key)
    elif there != here or type(there) is not type(here):
        yield f"{path}: {_short(there)} there, {_short(here)} here"


def _short(value: Any) -> str:
    """A value in a message; of a long text its length and digest."""
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return f"{len(value)} characters (sha256 {hashlib.sha256(value.encode()).hexdigest()[:12]})"
    return repr(value)
