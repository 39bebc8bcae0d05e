"""The parts of the page about the trials themselves: where they ran, which failed, which were best."""

import re
from html import escape
from typing import Any

from sparktune.report.axis import short
from sparktune.report.markup import duration, parameter, section, table, wide
from sparktune.report.record import StudyRecord, TrialRecord
from sparktune.report.slots import busy_share, slots_of, waiting_of
from sparktune.report.svg.timeline import MOST_ROWS, timeline_chart
from sparktune.trial import TrialState

MOST_TRIALS, MOST_ERRORS, MOST_LETTERS = 20, 12, 4000


def timeline_section(study: StudyRecord) -> str:
    """What ran where, and what waited."""
    slots, waiting = slots_of(study), waiting_of(study)
    if not slots:
        return ""
    busy = busy_share(study, slots)
    facts = [f"{len(slots)} slots"] + ([f"training {busy:.0%} of the time"] if busy is not None else [])
    if waiting:
        facts.append(
            f"from launch to start {duration(waiting.middle)} (median), {duration(waiting.longest)} at most "
            f"(trial {waiting.trial})"
        )
    if len(slots) > MOST_ROWS:
        facts.append(f"the first {MOST_ROWS} slots are shown")
    key = (
        '<br><i class="key"></i>trained <i class="key bad"></i>failed or diverged '
        '<i class="key lost"></i>killed or running '
        '<i class="key c1"></i>a free slot whose next trial was launched'
    )
    return section("Timeline", wide(timeline_chart(study)), lead=f"{'; '.join(facts)}.{key}")


def failure_section(study: StudyRecord) -> str:
    """Trials that failed, grouped by error, the most frequent one first."""
    groups: dict[str, list[TrialRecord]] = {}
    for trial in study.trials:
        if trial.error or trial.state.unsuccessful:
            groups.setdefault(_kind_of_error(trial), []).append(trial)
    most = sorted(groups.items(), key=lambda group: -len(group[1]))[:MOST_ERRORS]
    return section("Trials that failed", *(_failure(title, trials) for title, trials in most))


def _kind_of_error(trial: TrialRecord) -> str:
    """The error without the numbers in it, by which trials are grouped."""
    diverged = trial.state is TrialState.DIVERGED
    words = trial.complaint or ("the loss was not finite" if diverged else "no reason is known")
    return re.sub(r"\d+", "#", words)


def _failure(title: str, trials: list[TrialRecord]) -> str:
    first = trials[0]
    numbers = ", ".join(str(trial.number) for trial in trials[:20]) + (" ..." if len(trials) > 20 else "")
    params = ", ".join(f"{name}={short(value)}" for name, value in first.params.items())
    words = escape(first.complaint or title)
    head = (
        f"<h3>{len(trials)} x {words}</h3><p>Trials {numbers}; trial {first.number} has {escape(params)}.</p>"
    )
    if not first.error or "\n" not in first.error.strip():
        return head
    trace = escape(first.error[-MOST_LETTERS:])
    return f"{head}<details><summary>Traceback</summary><pre>{trace}</pre></details>"


def trial_section(study: StudyRecord) -> str:
    """The best trials as a table."""
    shown = study.valued[:MOST_TRIALS]
    if not shown:
        return ""
    names = list(dict.fromkeys(name for trial in shown for name in trial.params))
    rows: list[list[Any]] = [
        [
            t.number,
            t.value,
            t.epoch,
            float(f"{t.seconds:.3g}"),
            *(parameter(t.params, n) for n in names),
        ]
        for t in shown
    ]
    left = len(study.trials) - len(shown)
    lead = f"The best {len(shown)}; {left} more are in trials.csv." if left > 0 else ""
    return section(
        "Trials", table(["trial", study.objective.metric, "epoch", "seconds", *names], rows), lead=lead
    )
