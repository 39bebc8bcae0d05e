"""When drivers and trials worked, as the events of a ledger tell."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from sparktune.ledger import StudyStarted
from sparktune.ledger.events import Event, Launched, Paused, Recorded
from sparktune.report.record import Execution, Session
from sparktune.trial import TrialResult, TrialState

SAME_JOB = 0.25  # seconds within which the results of one job are recorded
TimedEvent = tuple[float, Event]  # the first one is in seconds since 1970


def sessions_of(events: Sequence[TimedEvent], created: float) -> tuple[Session, ...]:
    """The times of drivers: each lasts from a StudyStarted to the last event before the next one."""
    starts = [index for index, (_, event) in enumerate(events) if isinstance(event, StudyStarted)]
    if not starts:  # the lines are lost, or the study was killed before the first
        return (Session(created, events[-1][0]),) if events else ()
    return tuple(
        Session(events[first][0], events[end - 1][0]) for first, end in pairwise([*starts, len(events)])
    )


def executions_of(events: Sequence[TimedEvent], running: bool) -> list[Execution]:
    """Every launch, in the order of their ends; those under way come last.

    `running` says whether a driver has the study; else what was under way has ended with it.
    """
    found: list[Execution] = []
    under_way: dict[int, Execution] = {}
    trained: dict[int, float] = {}  # seconds of the segments before, by trial: results count them, too
    last = events[-1][0] if events else 0.0
    before = 0.0
    for time, event in events:
        match event:
            case Launched(trial, attempt):
                under_way[trial] = Execution(trial, attempt, time, None, None, "", TrialState.RUNNING)
            case Recorded(TrialResult(state=TrialState.PRUNED)):
                pass  # the segment before it has ended on its own
            case Recorded(result) | Paused(_, result):
                earlier = trained.get(result.trial, 0.0)
                seconds = result.seconds - (earlier if earlier <= result.seconds else 0.0)
                found.append(_with_result(under_way.pop(result.trial, None), result, seconds, time))
                trained[result.trial] = result.seconds
            case StudyStarted():
                found += [_ended_with_driver(execution, before) for execution in under_way.values()]
                under_way.clear()
        before = time
    ends = under_way.values() if running else [_ended_with_driver(e, last) for e in under_way.values()]
    return [*_one_after_another(found), *ends]


def _with_result(launch: Execution | None, result: TrialResult, seconds: float, time: float) -> Execution:
    launched = launch.launched if launch else None
    started = time - seconds if launched is None else max(time - seconds, launched)
    return Execution(result.trial, result.attempt, launched, started, time, result.host, result.state)


def _ended_with_driver(execution: Execution, time: float) -> Execution:
    return replace(execution, ended=time, state=TrialState.KILLED)


def _one_after_another(executions: list[Execution]) -> list[Execution]:
    """The results of one job come at once, though its trials ran one after another: set their times apart."""
    apart = list(executions)
    next_of_job: dict[tuple[float, str], tuple[float, float]] = {}  # its start, and when its result came
    for index in range(len(apart) - 1, -1, -1):
        execution = apart[index]
        if execution.launched is None or execution.started is None or execution.ended is None:
            continue
        job, start = (execution.launched, execution.host), execution.started
        next_start, next_came = next_of_job.get(job, (0.0, math.inf))
        earlier = next_start - (execution.ended - start)
        # Results of one job that did not run beside each other.
        if abs(next_came - execution.ended) < SAME_JOB and earlier >= execution.launched:
            start = earlier
            apart[index] = replace(execution, started=start, ended=next_start)
        next_of_job[job] = start, execution.ended
    return apart
