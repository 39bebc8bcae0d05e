"""The values that cross between driver and executor: a segment goes out, one result returns."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, final

Params = dict[str, Any]
Number = int | float
Values = tuple[Number, ...]  # a trial's, in the order of the study's objectives
LINE = 300
# TensorFlow says in which frames a graph's error came up before it says what it is, and in which node after.
GRAPH_FRAMES = re.compile(r"Graph execution error:\s*\n(?:Detected at .*\n|[ \t]*File \".*\n|\s*\n)+")
GRAPH_NODE = re.compile(r"\s*\[\[\{\{node .*", re.DOTALL)


class TrialState(StrEnum):
    """Where a trial stands. A trial in a terminal state is never trained again."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    DIVERGED = "DIVERGED"
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    KILLED = "KILLED"

    @property
    def terminal(self) -> bool:
        """Whether the trial is over for good; a killed one runs again when the study resumes."""
        return self in (TrialState.COMPLETE, TrialState.PRUNED) or self.unsuccessful

    @property
    def unsuccessful(self) -> bool:
        """Whether the trial has ended by itself, or by a limit, without a value: aborted or diverged."""
        return self is TrialState.DIVERGED or self.aborted

    @property
    def aborted(self) -> bool:
        """Whether the trial could not be trained to its end: by an error, or for want of time or memory."""
        return self in (TrialState.FAILED, TrialState.TIMED_OUT, TrialState.OUT_OF_MEMORY)


@final
@dataclass(frozen=True)
class Trial:
    """One configuration to train once.

    `front` has the values of the trials that are the best at launch (the best one, with one objective): only
    the model of a result that none of them beats is sent to the driver. `study_id` is in the names of
    its files where studies share a place.
    """

    study: str
    number: int
    params: Params
    seed: int
    front: tuple[Values, ...] = ()
    attempt: int = 1
    study_id: str = ""

    def to_json(self) -> str:
        """A JSON object of all fields."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Trial":
        """The trial that `to_json` wrote."""
        return cls.from_record(json.loads(text))

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Trial":
        """The trial in a JSON object."""
        return cls(**{**record, "front": tuple(map(tuple, record["front"]))})


@final
@dataclass(frozen=True)
class Segment:
    """Some epochs of a trial, trained in one go: the unit that a launcher runs.

    `start` epochs have been trained before. Training returns after epoch `end` (None: the trial's last one),
    or at the first epoch's end after so many `seconds` (None: no bound), with PAUSED and a checkpoint, or
    with the trial's end. `checkpoint` is the path or URI of what training goes on from; None for a trial's
    first segment. `checkpoint_bytes` is its content where that was sent along. `trained_seconds` is what the
    trial's earlier segments took: their `counted_seconds`.
    """

    trial: Trial
    start: int = 0
    end: int | None = None
    checkpoint: str | None = None
    seconds: float | None = None
    trained_seconds: float = 0.0
    checkpoint_bytes: bytes | None = field(default=None, repr=False)

    def later(self, attempts: int) -> "Segment":
        """The same segment, so many attempts later."""
        return replace(self, trial=replace(self.trial, attempt=self.trial.attempt + attempts))

    def to_json(self) -> str:
        """A JSON object of everything but the content of the checkpoint."""
        return json.dumps(asdict(replace(self, checkpoint_bytes=None)))

    @classmethod
    def from_json(cls, text: str) -> "Segment":
        """The segment that `to_json` wrote, without the content of its checkpoint."""
        values = json.loads(text)
        return cls(**{**values, "trial": Trial.from_record(values["trial"])})


@final
@dataclass(frozen=True)
class TrialNotes:
    """How a trial was trained, in words; None where there is nothing to say.

    `threads`: those of TensorFlow. `engine`: `compiled` or `fit`, then `reason` says why. `compiler`: graph
    or xla. `fused`: how many trials were trained as one. `batching`: why they were not, where they should
    have been. `stopped`: what ended training before its last epoch. `checkpoint`: why there was none, or
    why the trial was trained again from epoch 0. `weights`: whose weights it began with, if not its own.
    `lost`: how the workers of earlier attempts ended, a line for each.
    """

    threads: str | None = None
    engine: str | None = None
    compiler: str | None = None
    reason: str | None = None
    fused: str | None = None
    batching: str | None = None
    stopped: str | None = None
    checkpoint: str | None = None
    weights: str | None = None
    lost: str | None = None

    def updated(self, other: "TrialNotes") -> "TrialNotes":
        """These notes, with what `other` says in their place where it says something."""
        return replace(self, **other.to_record())

    def to_record(self) -> dict[str, str]:
        """A JSON object of what there is to say."""
        return {name: text for name, text in asdict(self).items() if text is not None}

    @classmethod
    def from_record(cls, record: dict[str, str]) -> "TrialNotes":
        """The notes in a record; what another version of sparktune noted besides is left out."""
        return cls(**{field.name: record[field.name] for field in fields(cls) if field.name in record})


@final
@dataclass(frozen=True)
class TrialReport:
    """How a trial that has not ended stands after so many epochs: `metrics` are those of its last one."""

    trial: int
    epochs: int
    metrics: dict[str, float]


@final
@dataclass(frozen=True)
class TrialResult:
    """How a trial ended.

    `value` is the objective at its best epoch, `epoch` that epoch (from 1), `history` a list per metric, one
    value per epoch; `model` the `.keras` file of that epoch, where it was worth sending. `timings` are
    seconds by phase. A PAUSED trial has epochs left: its `history` is that of all epochs so far, and it goes
    on from `checkpoint`, a path or URI, or from `checkpoint_bytes` while that is on its way to the driver. A
    PRUNED one was ended before its last epoch: it has a history, and no value. `values` has the value of each
    metric at `epoch` where the study has several objectives; `value` is that of the one that decides.
    `stood_still` are those of its seconds in which its host stood still, as the watcher of its limits saw.
    """

    trial: int
    params: Params
    state: TrialState
    value: float | None = None
    epoch: int | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    host: str = ""
    attempt: int = 1
    error: str | None = None
    notes: TrialNotes = TrialNotes()
    model: bytes | None = field(default=None, repr=False)
    checkpoint: str | None = None
    checkpoint_bytes: bytes | None = field(default=None, repr=False)
    values: dict[str, Number] = field(default_factory=dict)
    stood_still: float = 0.0

    def __post_init__(self) -> None:
        """Escape what no file can hold of the error: the name of a file that is no UTF-8, say."""
        if self.error is not None:
            readable = self.error.encode(errors="backslashreplace").decode()
            object.__setattr__(self, "error", readable)

    @property
    def complaint(self) -> str | None:
        """The error without its traceback, on one line; None where there is none."""
        if self.error is None:
            return None
        last = list(re.finditer(r"^[A-Za-z_][\w.]*: ", self.error, re.MULTILINE))
        message = self.error[last[-1].start() if last else 0 :]
        if (found := GRAPH_FRAMES.search(message)) and message[found.end() :].strip():
            message = message[: found.start()] + GRAPH_NODE.sub("", message[found.end() :])
        return " ".join(message.split())[:LINE]

    @property
    def seconds(self) -> float:
        """Seconds that the trial took where it ran."""
        return sum(self.timings.values())

    @property
    def counted_seconds(self) -> float:
        """`seconds` without those in which its host stood still: what `resources.trial_seconds` bounds."""
        return self.seconds - self.stood_still

    @property
    def epochs(self) -> int:
        """Epochs that have been trained."""
        return max(map(len, self.history.values()), default=0)

    @property
    def report(self) -> TrialReport:
        """What a sampler learns of it while it is PAUSED."""
        return TrialReport(self.trial, self.epochs, {n: v[-1] for n, v in self.history.items() if v})

    def to_record(self) -> dict[str, Any]:
        """A JSON object of everything but the contents of model and checkpoint."""
        unset = [name for name in ("checkpoint", "values", "stood_still") if not getattr(self, name)]
        left_out = ["model", "checkpoint_bytes", *unset]
        record = {name: value for name, value in self.__dict__.items() if name not in left_out}
        return {**record, "notes": self.notes.to_record()}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "TrialResult":
        """The result that `to_record` gave."""
        notes = TrialNotes.from_record(record.get("notes", {}))
        return cls(**{**record, "state": TrialState(record["state"]), "notes": notes})


def state_after(error: BaseException | None) -> TrialState:
    """The end of a trial that raised: OUT_OF_MEMORY where Python or TensorFlow had no memory, else FAILED."""
    while error is not None:
        if {"MemoryError", "ResourceExhaustedError"} & {kind.__name__ for kind in type(error).__mro__}:
            return TrialState.OUT_OF_MEMORY
        error = error.__cause__
    return TrialState.FAILED


def param_texts(params: Params) -> list[str]:
    """`name=value` of each parameter as people read it: numbers with six digits, as in the trials' table."""
    return [
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    ]


def seed_of(study_seed: int, params: Params) -> int:
    """The seed of a configuration, 0 <= seed < 2^31: the same wherever and whenever it is trained."""
    text = json.dumps([study_seed, params], sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") >> 1


def better(direction: str, value: float, other: float | None) -> bool:
    """Whether `value` beats `other` in the objective's `direction`; anything beats None."""
    return other is None or (value > other if direction == "maximize" else value < other)
