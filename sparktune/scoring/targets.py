"""What must not be an output: what exists, what holds the input, and what nobody would find again."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sparktune.errors import ScoringError
from sparktune.scoring.table_io import COMPRESSED, exists, file_system, is_path


def check_target(spark: Any, source: str, target: str, mode: str) -> None:
    """Refuse a target that exists, that is the source, or that is to be compressed.

    Raises:
        ScoringError: unless it is free, or it may be overwritten.
    """
    check_target_name(source, target, mode)
    if mode == "error" and exists(spark, target):
        raise target_exists(target)


def check_target_name(source: str, target: str, mode: str) -> None:
    """What `check_target` refuses whether the target exists or not.

    Raises:
        ScoringError: the target is the source, or is to be compressed; or the mode is unknown.
    """
    if mode not in ("error", "overwrite"):
        raise ScoringError(f"mode must be error or overwrite, but got {mode!r}")
    if source.rstrip("/") == target.rstrip("/"):
        raise ScoringError(f"the output must be another place than the input, but both are {target!r}")
    place = Path(target)
    if not target or (is_path(target) and place.name in ("", "..")):
        raise ScoringError(
            f"the output must have a name of its own, but got {target!r}; name a file, folder or table"
        )
    if is_path(target) and place.suffix.lower() in COMPRESSED:
        raise ScoringError(
            f"the output must not be compressed, but {target!r} ends in {place.suffix}; leave that ending "
            "out, or write Parquet, which is compressed by itself"
        )


def target_exists(target: str) -> ScoringError:
    """The error for a target that is not to be replaced."""
    return ScoringError(
        f"the output {target!r} exists already; choose another place, or replace it by --overwrite "
        '(in Python by mode="overwrite")'
    )


def holds_source(target: str, file: object) -> ScoringError:
    """The error for a target in which `file`, of the source, lies."""
    return ScoringError(
        f"the output must be another place than the input, but {target!r} holds {str(file)!r} of the "
        "input, which would be removed; choose another place"
    )


def check_apart(spark: Any, frame: Any, target: str) -> None:
    """Refuse a target that holds files of the input, by whatever name: it is emptied before they are read.

    Raises:
        ScoringError: a file of `frame` is the target, or lies in it.
    """
    if not exists(spark, target):
        return
    if is_path(target):
        files, path = file_system(spark, target)
        folder = _location(files.makeQualified(path).toUri().toString())
        held = [file for file in frame.inputFiles() if _location(file).is_relative_to(folder)]
    else:
        held = [*({*spark.table(target).inputFiles()} & {*frame.inputFiles()})]
    if held:
        raise holds_source(target, min(held))


def _location(file: str) -> Path:
    """One and the same path for all names of a file; `file` is its URI."""
    place = urlsplit(file)
    path = Path(url2pathname(place.path))
    return path.resolve() if place.scheme == "file" else Path(place.scheme, place.netloc, *path.parts[1:])


def check_lasting(spark: Any, target: str) -> None:
    """Refuse a table that nobody would find again once this session has ended.

    Raises:
        ScoringError: the target is a table of Spark's own catalog, which is in memory.
    """
    if own_catalog_is_in_memory(spark) and not is_path(target) and target.count(".") < 2:
        raise ScoringError(
            f"the output {target!r} must be a path where Spark's catalog is in memory, as a table would be "
            f"forgotten when this command ends; give a path, './{target}' say, or configure a catalog "
            "(spark.sql.catalogImplementation=hive, or CATALOG.DATABASE.TABLE)"
        )


def own_catalog_is_in_memory(spark: Any) -> bool:
    """Whether what Spark's own catalog, `spark_catalog`, has is forgotten when the session ends."""
    return bool(spark.conf.get("spark.sql.catalogImplementation", "in-memory") == "in-memory")
