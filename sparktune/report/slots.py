"""Which slot ran what, and how long trials waited, as far as the ledger shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import final

from sparktune.report.record import StudyRecord
from sparktune.trial import TrialState

ON_ITS_WAY = 0.1  # seconds that a result may take to the driver: the next trial of its slot starts before


@final
@dataclass(frozen=True)
class Bar:
    """A trial on a slot, in seconds of the study: from `begin` to `end` it trained.

    From `idle` on the slot was free while the trial waited there: for its job to start, say.
    """

    trial: int
    state: TrialState
    idle: float
    begin: float
    end: float


@final
@dataclass(frozen=True)
class Slot:
    """A place for one trial at a time. Workers report their hosts; the ledger does not number slots."""

    host: str
    bars: tuple[Bar, ...]

    @property
    def busy(self) -> float:
        """Seconds in which it trained."""
        return sum(bar.end - bar.begin for bar in self.bars)


@final
@dataclass(frozen=True)
class Waiting:
    """Seconds between launch and start over all launches, and the trial that waited longest."""

    middle: float
    longest: float
    trial: int


def slots_of(study: StudyRecord) -> tuple[Slot, ...]:
    """The slots that the launches need: each launch lies on the first slot of its host that is free then.

    Launches whose start is not known, as their driver died, are left out.
    """
    hosts: dict[str, list[list[Bar]]] = {}
    executions = [e for trial in study.trials for e in trial.executions if e.started is not None]
    now = study.sessions[-1].ended if study.sessions else 0.0
    for e in sorted(executions, key=lambda e: (e.started or 0.0, e.trial)):
        started, ended = study.elapsed(e.started or 0.0), study.elapsed(e.ended or now)
        lanes = hosts.setdefault(e.host, [])
        lane = next((lane for lane in lanes if lane[-1].end <= started + ON_ITS_WAY), None)
        if lane is None:
            lane = []
            lanes.append(lane)
        free = lane[-1].end if lane else 0.0
        started = max(started, free)
        launched = study.elapsed(e.launched) if e.launched is not None else started
        lane.append(Bar(e.trial, e.state, min(max(free, launched), started), started, max(ended, started)))
    return tuple(Slot(host, tuple(lane)) for host in sorted(hosts) for lane in hosts[host])


def waiting_of(study: StudyRecord) -> Waiting | None:
    """How long trials waited; None where no launch has its start recorded."""
    waits = [(e.waited, e.trial) for trial in study.trials for e in trial.executions if e.waited is not None]
    if not waits:
        return None
    longest, trial = max(waits, key=lambda wait: wait[0])
    return Waiting(median(wait for wait, _ in waits), longest, trial)


def busy_share(study: StudyRecord, slots: Sequence[Slot]) -> float | None:
    """The part of the slots' time, from 0 to 1, in which they trained; None before anything ended."""
    whole = study.seconds * len(slots)
    return min(sum(slot.busy for slot in slots) / whole, 1.0) if whole > 0 else None
