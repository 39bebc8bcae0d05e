"""Repair of a damaged ledger: what can still be read is kept."""

import json
import logging
import re
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sparktune.errors import SpecError
from sparktune.files import write_atomically
from sparktune.ledger.events import FORMAT, Header, SpecChanged, StudyEnded, StudyStarted
from sparktune.ledger.journal import encode_line
from sparktune.ledger.reading import LedgerFile, read_ledger
from sparktune.spec import StudySpec, parse_spec

COPY = "ledger.damaged.jsonl"
HEX = {"study_id": 32, "spec_digest": 64, "data_digest": 64}
OTHER = 8  # a digest that differs in more digits than this is another one; else it is damaged
log = logging.getLogger("sparktune.ledger")


def is_ledger(read: LedgerFile) -> bool:
    """Whether a file with a damaged header is a ledger: it has an event, or a part of the header."""
    return bool(read.events) or any(_hex(read, name) for name in HEX)


def rebuilt_header(read: LedgerFile, spec: StudySpec, data_digest: str, direction: str) -> Header:
    """A header from what can be read of the damaged one, from the lines behind it, and from this study.

    What the file still has of its study is used, so that another study is refused as with a good header.
    """
    log.warning("the first line of the ledger is damaged: it is written again from this study's spec")
    ended, started = read.last(StudyEnded), read.last(StudyStarted)
    study_id = ended.summary.study_id if ended and ended.summary else _hex(read, "study_id")
    if not study_id:
        log.warning("the id of the study is lost: MLflow shows it as a new one")
    data_there = _hex(read, "data_digest")
    other_data = data_there and sum(a != b for a, b in zip(data_there, data_digest, strict=False)) > OTHER
    return Header(
        format=FORMAT,
        study_id=study_id or uuid.uuid4().hex,
        spec=_spec(read) or spec.model_dump(mode="json"),
        spec_digest=spec.digest(),
        data_digest=data_there if data_there and other_data else data_digest,
        direction=started.direction if started else direction,
        created=read.events[0][0] if read.events else 0.0,
    )


def repair(path: Path, rebuilt: Header | None, read: LedgerFile) -> LedgerFile:
    """Write a ledger again with only its good lines, and keep a copy of the damaged file beside it.

    `rebuilt` takes the place of the first line, which stays where it is None.

    Raises:
        OSError: the disk is full, say; the ledger is unchanged.
    """
    copy = path.with_name(COPY)
    write_atomically(copy, path.read_bytes())
    first = encode_line(asdict(rebuilt)) if rebuilt else read.first + b"\n"
    write_atomically(path, first + b"".join(line + b"\n" for line in read.lines))
    log.warning("%s was repaired; the file as it was is %s", path, copy)
    return read_ledger(path)


def warn_of_damage(path: Path, read: LedgerFile) -> None:
    """Log which lines are lost, and what follows from that."""
    for line in read.damaged:
        log.warning("line %d of %s is damaged: it held %s", line.number, path, line.loss)


def _spec(read: LedgerFile) -> dict[str, Any] | None:
    """The spec that the study last ran with; the header's own only where its digest is right."""
    if changed := read.last(SpecChanged):
        return changed.spec
    _, found, text = read.first.partition(b'"spec": ')
    with suppress(ValueError, SpecError):
        document, _ = json.JSONDecoder().raw_decode(text.decode("ascii"))
        if found and parse_spec(document, any_sampler=True).digest() == _hex(read, "spec_digest"):
            return dict(document)
    return None


def _hex(read: LedgerFile, name: str) -> str | None:
    """A hexadecimal member of the header, wherever it can still be read."""
    texts = [read.first, *(line.text for line in read.damaged)]
    found = re.search(rb'"%s": "([0-9a-f]{%d})"' % (name.encode(), HEX[name]), b"\n".join(texts))
    return found[1].decode() if found else None
