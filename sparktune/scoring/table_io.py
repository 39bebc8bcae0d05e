"""Where rows come from and go to: a path or a table."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sparktune.errors import ScoringError
from sparktune.scoring.nanoseconds import as_timestamps
from sparktune.scoring.text_files import reading_options, writing_options
from sparktune.scoring.worker_errors import cause_in_java

ENDINGS = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".jsonl": "json"}
PATTERN = "*?[]{}\\"  # letters that make a pattern of a path
COMPRESSED = (".bz2", ".gz", ".lz4", ".zst")


def is_path(place: str) -> bool:
    """Whether `place` names files rather than a table: it holds a slash, ends like a file, or exists here."""
    return "/" in place or ending(Path(place)) in ENDINGS or Path(place).exists()


def ending(path: Path) -> str:
    """How a file's name ends, in lower case and before that of its compression: `.csv` of `new.CSV.gz`."""
    return Path(path.stem if path.suffix in COMPRESSED else path.name).suffix.lower()


def exists(spark: Any, place: str) -> bool:
    """Whether a path or table is there."""
    from pyspark.errors import ParseException

    if not is_path(place):
        try:
            return bool(spark.catalog.tableExists(place))
        except ParseException:  # it is no table's name
            return False
    files, path = file_system(spark, place)
    return bool(files.exists(path))


def names(spark: Any, place: str) -> list[str]:
    """What a folder holds, by name; nothing where there is none."""
    if not exists(spark, place):
        return []
    files, path = file_system(spark, place)
    return [status.getPath().getName() for status in files.listStatus(path)]


def remove(spark: Any, place: str) -> None:
    """Remove a file or folder, in any file system that Spark knows; nothing where there is none."""
    files, path = file_system(spark, place)
    files.delete(path, True)


def file_system(spark: Any, place: str) -> tuple[Any, Any]:
    """Hadoop's file system of a place, and the place as its path."""
    path = spark._jvm.org.apache.hadoop.fs.Path(place)
    return path.getFileSystem(spark._jsparkSession.sessionState().newHadoopConf()), path


def file_format(place: str) -> str:
    """The format of an input: by its ending, else by the files in a local folder, else Parquet."""
    path = Path(place.rstrip("/"))
    files = (file for file in sorted(path.glob("*")) if ending(file) in ENDINGS and file.is_file())
    return ENDINGS.get(ending(path)) or next((ENDINGS[ending(file)] for file in files), "parquet")


def target_format(place: str) -> str:
    """The format of an output: by its ending, else Parquet."""
    return ENDINGS.get(ending(Path(place)), "parquet")


def read(spark: Any, source: str) -> Any:
    """The rows of a path, pattern or table; CSV has a header line. Within `nanoseconds_readable`.

    Raises:
        ScoringError: there is none, or it cannot be read.
    """
    place = readable(spark, source)
    try:
        if not is_path(source):
            return spark.table(source)
        kind = file_format(source)
        if source.endswith(".lz4"):  # Spark expects another header, and asks for gigabytes of memory
            raise ValueError("Spark does not read LZ4 files; compress it with gzip")
        options = reading_options(spark, place, kind)
        frame = spark.read.load(place, format=kind, inferSchema=kind == "csv", **options)
        return as_timestamps(spark, place, frame) if kind == "parquet" else frame
    except Exception as error:  # noqa: BLE001 - PySpark's errors and Py4J's have no base in common
        kind = file_format(source) if is_path(source) else "a table"
        rule = "; JSON must hold one object a line" if "MALFORMED_RECORD" in str(error) else ""
        raise ScoringError(
            f"the input {source!r} cannot be read as {kind}: {cause_in_java(error)}{rule}"
        ) from None


def readable(spark: Any, source: str) -> str:
    """A source as Spark's readers take it: what exists is no pattern, whatever its letters.

    Raises:
        ScoringError: there is none.
    """
    if exists(spark, source):
        return re.sub(f"([{re.escape(PATTERN)}])", r"\\\1", source) if is_path(source) else source
    if is_path(source):
        files, path = file_system(spark, source)
        if files.globStatus(path):
            return source
    raise no_source(source)


def no_source(source: str) -> ScoringError:
    """The error for an input that is not there."""
    kind = "file or folder" if is_path(source) else "table"
    return ScoringError(f"the input must be a path or a table, but there is no {kind} {source!r}")


def files_digest(frame: Any) -> str:
    """A digest of the files that a frame reads: of their names, and of local ones' sizes and times of change.

    Files elsewhere are not asked for their sizes, as that takes a request for each.
    """
    digest = hashlib.sha256()
    for file in sorted(frame.inputFiles()):
        place = urlsplit(file)
        stat = Path(url2pathname(place.path)).stat() if place.scheme == "file" else None
        digest.update(repr((file, stat and (stat.st_size, stat.st_mtime_ns))).encode())
    return digest.hexdigest()


def write(frame: Any, target: str, mode: str, partition_by: str | None = None) -> None:
    """Write rows to a path or table.

    Where `partition_by` names a column, each of its values has a folder, and only the folders of these rows
    are overwritten. With mode "error" a path that was free is free again where writing fails.
    """
    if not is_path(target):
        frame.write.saveAsTable(target, mode=mode)
        return
    new = mode == "error" and not exists(frame.sparkSession, target)
    kind = target_format(target)
    options = writing_options(kind)
    if partition_by is not None:
        options = {**options, "partitionOverwriteMode": "dynamic"}
    try:
        frame.write.save(target, format=kind, mode=mode, partitionBy=partition_by, **options)
    except Exception:
        with suppress(Exception):  # what went wrong first is what is raised
            if new:
                remove(frame.sparkSession, target)
        raise
