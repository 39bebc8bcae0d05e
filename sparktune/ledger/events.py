"""The events of a ledger: each kind of line as a typed value, and its JSON object."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

from pydantic import TypeAdapter

from sparktune.ledger.journal import JournalLine
from sparktune.summary import Objective, RunStatus, Summary
from sparktune.trial import Params, TrialResult, TrialState

FORMAT = 1
LEFT_OUT = "left out by the option --skip"  # the error of a skipped trial


@final
@dataclass(frozen=True)
class Header:
    """The first line: which study this is. `spec` has JSON values, `created` is in seconds since 1970."""

    format: int
    study_id: str
    spec: dict[str, Any]
    spec_digest: str
    data_digest: str
    direction: str
    created: float

    @property
    def metrics(self) -> tuple[Objective, ...]:
        """The objectives of a study that has several; empty with one."""
        several = (self.spec.get("objective") or {}).get("metrics", ())
        return tuple(Objective(entry["metric"], entry["direction"]) for entry in several)


@final
@dataclass(frozen=True)
class Launched:
    """A segment of a trial was handed to the launcher, in the trial's `attempt`-th try (from 1)."""

    trial: int
    attempt: int
    seed: int
    params: Params


@final
@dataclass(frozen=True)
class Recorded:
    """A trial ended. `model` is the sha256 of its model file, None where that was not kept."""

    result: TrialResult
    model: str | None


@final
@dataclass(frozen=True)
class Paused:
    """A segment of a trial ended. `result` has the history of its epochs from `start` on, and a checkpoint.

    All else in `result`, seconds say, is that of the trial so far.
    """

    start: int
    result: TrialResult


@final
@dataclass(frozen=True)
class Voided:
    """The result of a trial is no longer valid, so the trial runs again. `why` is the reason, in words."""

    trial: int
    why: str


@final
@dataclass(frozen=True)
class Retried:
    """The user wants a trial trained again that ended without a value; what it gave before did happen."""

    trial: int


@final
@dataclass(frozen=True)
class Skipped:
    """The user leaves a trial out for good: it is FAILED, and never retried."""

    trial: int


@final
@dataclass(frozen=True)
class SpecChanged:
    """The study goes on with this spec, in JSON values; it differs in what may change, the workers say."""

    spec: dict[str, Any]


@final
@dataclass(frozen=True)
class StudyStarted:
    """A driver began to search for the best `metric`; `direction` is `maximize` or `minimize`.

    `rows` has the number of rows of each split; None in ledgers of earlier versions.
    """

    kind: ClassVar[str] = "started"
    metric: str
    direction: str
    rows: dict[str, int] | None = None


@final
@dataclass(frozen=True)
class WarmStarted:
    """What the study knows of an earlier one, whatever becomes of that.

    `results` are those the sampler learns of: parameters of this study's space, and how they ended; of a
    pruned one the objective of its epochs. `weights` is the sha256 of the arrays that alike trials begin
    with, None where they begin with their own; `origin` says in words whose they are.
    """

    kind: ClassVar[str] = "warm_started"
    study: str
    results: list[TrialResult]
    weights: str | None = None
    origin: str = ""


@final
@dataclass(frozen=True)
class StudyEnded:
    """The study ended: FINISHED, FAILED or KILLED. `summary` is what `summary.json` holds."""

    kind: ClassVar[str] = "ended"
    state: RunStatus
    summary: Summary | None = None


@final
@dataclass(frozen=True)
class BundleExported:
    """`bundle/` holds this trial's model. `test` are its metrics on the test split, None without one."""

    kind: ClassVar[str] = "exported"
    trial: int
    test: dict[str, float] | None


Note = StudyStarted | WarmStarted | StudyEnded | BundleExported
Event = Launched | Recorded | Paused | Voided | Retried | Skipped | SpecChanged | Note

_HEADER = TypeAdapter(Header)
_EVENTS: dict[str, TypeAdapter[Any]] = {
    "launched": TypeAdapter(Launched),
    "result": TypeAdapter(Recorded),
    "paused": TypeAdapter(Paused),
    "void": TypeAdapter(Voided),
    "retried": TypeAdapter(Retried),
    "skipped": TypeAdapter(Skipped),
    "spec": TypeAdapter(SpecChanged),
}
_NOTES: dict[str, TypeAdapter[Any]] = {
    note.kind: TypeAdapter(note) for note in (StudyStarted, WarmStarted, StudyEnded, BundleExported)
}


def event_to_line(event: Event) -> JournalLine:
    """The JSON object of an event."""
    match event:
        case Launched(trial, attempt, seed, params):
            state = TrialState.RUNNING
            line = {"trial": trial, "state": state, "attempt": attempt, "seed": seed, "params": params}
            return {"event": "launched", **line}
        case Recorded(result, model):
            return {"event": "result", "model": model, "result": result.to_record()}
        case Paused(start, result):
            return {"event": "paused", "start": start, "result": result.to_record()}
        case Voided():
            return {"event": "void", **vars(event)}
        case Retried() | Skipped():
            return {"event": type(event).__name__.lower(), **vars(event)}
        case SpecChanged():
            return {"event": "spec", **vars(event)}
        case _:
            return {"event": "note", "kind": event.kind, "fields": _fields(event)}


def _fields(note: Note) -> JournalLine:
    """What a note holds, as a JSON object."""
    match note:
        case WarmStarted(results=results):
            return {**vars(note), "results": [result.to_record() for result in results]}
        case StudyEnded(state, summary):
            return {"state": state, "summary": summary.to_record() if summary else None}
        case _:
            return vars(note)


def event_of_line(line: JournalLine, checked: bool = True) -> tuple[float, Event] | None:
    """The time of a line, in seconds since 1970, and its event; None for an event unknown to this version.

    `checked` says whether the line has a correct checksum. Without one an unknown name counts as damage.

    Raises:
        ValueError: a member is missing, of a wrong type or damaged.
    """
    if line.get("event") == "note":
        kind, content = _NOTES.get(str(line.get("kind"))), line.get("fields")
    else:
        kind, content = _EVENTS.get(str(line.get("event"))), line
    event = kind.validate_python(content) if kind else None
    if not checked and (event is None or not _has_all_names(event, line)):
        raise ValueError("a name is damaged")
    if not isinstance(line.get("time"), (int, float)):
        raise ValueError(f"time must be a number, but is {line.get('time')!r}")
    return (line["time"], event) if event else None


def _has_all_names(event: Event, line: JournalLine) -> bool:
    """Whether an event has every name of its line, those of nested objects included."""
    known: JournalLine = {**event_to_line(event), "time": 0}
    nested = [name for name, member in line.items() if isinstance(member, dict)]
    return line.keys() <= known.keys() and all(line[name].keys() <= known[name].keys() for name in nested)


def header_of_line(line: JournalLine) -> Header:
    """The header in a JSON object.

    Raises:
        ValueError: a member is missing or of a wrong type.
    """
    return _HEADER.validate_python(line)
