"""From a study directory to the content of its ledger: created, repaired or read as it is."""

import time
import uuid
from dataclasses import asdict
from pathlib import Path

from sparktune.errors import StudyDirectoryError
from sparktune.files import write_atomically
from sparktune.ledger.events import FORMAT, Header
from sparktune.ledger.journal import encode_line
from sparktune.ledger.ownership import LEDGER, check_same, header_of
from sparktune.ledger.reading import LedgerFile, read_ledger
from sparktune.ledger.recovery import rebuilt_header, repair, warn_of_damage
from sparktune.spec import StudySpec


def create_or_repair(
    directory: Path, spec: StudySpec, data_digest: str, direction: str
) -> tuple[Header, LedgerFile]:
    """The header and content of this study's ledger, for the driver that holds the directory's lock.

    The file is created where there is none or an empty one; one with damaged lines is written again without
    them. Temporary files of a driver that died are removed.

    Raises:
        StudyDirectoryError: the directory belongs to another study, or to a newer version of sparktune.
        OSError: the ledger cannot be written.
    """
    path = directory / LEDGER
    if not path.exists() or not path.stat().st_size:
        new = Header(
            format=FORMAT,
            study_id=uuid.uuid4().hex,
            spec=spec.model_dump(mode="json"),
            spec_digest=spec.digest(),
            data_digest=data_digest,
            direction=direction,
            created=round(time.time(), 3),
        )
        write_atomically(path, encode_line(asdict(new)))
    file = read_ledger(path)
    warn_of_damage(path, file)
    stored = header_of(file, path)
    header = stored or rebuilt_header(file, spec, data_digest, direction)
    check_same(header, spec, data_digest, direction, directory)
    if stored is None or file.damaged:
        file = repair(path, None if stored else header, file)
    for half_written in directory.glob(".*.tmp"):
        half_written.unlink(missing_ok=True)
    return header, file


def read_existing(directory: Path) -> tuple[Header, LedgerFile]:
    """The header and content of a ledger as it is now; nothing is written.

    Raises:
        StudyDirectoryError: there is no ledger, or it cannot be read.
    """
    path = directory / LEDGER
    try:
        if not path.is_file() or not path.stat().st_size:
            raise StudyDirectoryError(
                f"{directory} must be a study directory, but its {LEDGER} is missing or empty"
            )
        file = read_ledger(path)
    except OSError as error:
        raise StudyDirectoryError(f"{path} must be readable: {error}") from None
    warn_of_damage(path, file)
    header = header_of(file, path)
    if header is None:
        raise StudyDirectoryError(
            f"the first line of {path} is damaged; run `sparktune tune` with the study's own spec: it "
            "writes that line again and keeps the trials"
        )
    return header, file
