"""What the lines of a ledger add up to."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, final

from sparktune.trial import TrialResult, TrialState, better


@dataclass(frozen=True)
class Header:
    """First line: whose study this is. `spec` is the spec as JSON values, `created` seconds since 1970."""

    format: int
    study_id: str
    spec: dict[str, Any]
    spec_digest: str
    data_digest: str
    direction: str
    created: float


@dataclass(frozen=True)
class Note:
    """Something that happened besides trials, at `time` seconds since 1970."""

    kind: str
    time: float
    fields: dict[str, Any] = field(default_factory=dict)


@final
class LedgerState:
    """The state after a sequence of events; each event costs the same, however many came before."""

    def __init__(self, direction: str) -> None:
        self.direction = direction
        self.results: dict[int, TrialResult] = {}
        self.killed: dict[int, TrialResult] = {}
        self.ended: dict[int, float] = {}
        self.launches: dict[int, int] = {}
        self.digests: dict[int, str | None] = {}
        self.notes: list[Note] = []
        self.spec: dict[str, Any] | None = None
        self.best: TrialResult | None = None

    def replay(self, events: Iterable[dict[str, Any]]) -> None:
        """Apply events in order."""
        for event in events:
            self.apply(event)

    def apply(self, event: dict[str, Any]) -> None:
        """Apply one event; a kind that needs no state is passed over."""
        match event["event"]:
            case "result":
                self._add(TrialResult.from_record(event["result"]), event["model"], event["time"])
            case "launched":
                self.launches[event["trial"]] = event["attempt"]
            case "void":
                self._void(event["trial"])
            case "note":
                self.notes.append(Note(event["kind"], event["time"], event["fields"]))
            case "spec":
                self.spec = event["spec"]

    def wins(self, result: TrialResult) -> bool:
        """Whether `result` would be the best; of equal values the lowest trial number is."""
        if result.state is not TrialState.COMPLETE or result.value is None or not math.isfinite(result.value):
            return False
        if self.best is not None and result.value == self.best.value:
            return result.trial < self.best.trial
        return better(self.direction, result.value, self.best.value if self.best else None)

    @property
    def best_digest(self) -> str | None:
        """sha256 of the best trial's model file; None where it has none."""
        return self.digests.get(self.best.trial) if self.best else None

    def _add(self, result: TrialResult, digest: str | None, time: float) -> None:
        """The first terminal result of a trial stands."""
        if result.trial in self.results:
            return
        result = replace(result, model=None)
        self.ended[result.trial] = time
        if not result.state.terminal:
            self.killed[result.trial] = result
            return
        self.killed.pop(result.trial, None)
        self.results[result.trial] = result
        self.digests[result.trial] = digest
        if self.wins(result):
            self.best = result

    def _void(self, trial: int) -> None:
        self.results.pop(trial, None)
        self.digests.pop(trial, None)
        self.best = None
        for result in self.results.values():
            if self.wins(result):
                self.best = result
