"""Reading a ledger's file line by line: a damaged line loses its own event and no other."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, final

from sparktune.ledger.events import Event, event_of_line
from sparktune.ledger.journal import JournalLine, decode_line

# The border of two lines whose newline is damaged or lost.
BORDER = re.compile(rb'(?<=\})[^\n]?(?=\{"event": ")')
EVENT = re.compile(rb'"event": "(\w+)"')
TRIAL = re.compile(rb'"trial": (\d+)')
Kind = TypeVar("Kind", bound=Event)


@final
@dataclass(frozen=True)
class DamagedLine:
    """A line, by its number (from 1), that cannot be read."""

    number: int
    text: bytes

    @property
    def loss(self) -> str:
        """What the line held, as far as that can still be read, and what follows from its loss."""
        event, trial = EVENT.search(self.text), TRIAL.search(self.text)
        if event and event[1] == b"result" and trial:
            return f"the result of trial {int(trial[1])}, which `sparktune tune` runs again"
        if event and event[1] == b"paused" and trial:
            return f"epochs of trial {int(trial[1])}, which `sparktune tune` trains again if need be"
        if event and event[1] == b"launched" and trial:
            return f"the launch of trial {int(trial[1])}"
        return "an event; if that was the result of a trial, `sparktune tune` runs the trial again"


@final
@dataclass(frozen=True)
class LedgerFile:
    """What a ledger's file holds.

    `first` is the first line, `header` its JSON object (None where it is damaged). Of the lines after it,
    `lines` are the good ones as bytes, `events` their events, each with its time in seconds since 1970, and
    `damaged` the others. `size` is the file's length in bytes without an incomplete last line, which a
    writer has left that died, or is writing now.
    """

    first: bytes
    header: JournalLine | None
    events: list[tuple[float, Event]]
    lines: list[bytes]
    damaged: list[DamagedLine]
    size: int

    def last(self, kind: type[Kind]) -> Kind | None:
        """The newest event of a kind; None where there is none."""
        return next((event for _, event in reversed(self.events) if isinstance(event, kind)), None)


def read_ledger(path: Path) -> LedgerFile:
    """Read a ledger.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    content = path.read_bytes()
    *whole, torn = content.split(b"\n")
    first, *others = BORDER.split(whole[0] if whole else torn)
    read = LedgerFile(first, _object(first), [], [], [], len(content) - len(torn))
    for text in others:
        _add(read, 1, text)
    for number, line in enumerate(whole[1:], start=2):
        _add(read, number, line)
    return read


def _add(read: LedgerFile, number: int, text: bytes) -> None:
    """Add a line, or several where the newline between them is damaged."""
    try:
        event = event_of_line(*decode_line(text))
    except ValueError:
        parts = BORDER.split(text)
        if len(parts) == 1:
            read.damaged.append(DamagedLine(number, text))
        else:
            for part in parts:
                _add(read, number, part)
        return
    read.lines.append(text)
    if event:
        read.events.append(event)


def _object(text: bytes) -> JournalLine | None:
    """The JSON object on a line; None where it is damaged."""
    try:
        return decode_line(text)[0]
    except ValueError:
        return None
