"""Charts of several objectives against each other, with the trials that no other one beats."""

from sparktune.report.axis import short
from sparktune.report.record import StudyRecord, TrialRecord
from sparktune.report.series import objective_axis, other_objectives, value_axis
from sparktune.report.svg.canvas import Plot


def pareto_charts(study: StudyRecord) -> list[str]:
    """The metric that decides by each other one of several objectives; none without trials or with one.

    A line joins the front where there are two: with more, trials of the front may lie below others here.
    """
    if not study.pareto:
        return []
    return [_chart(study, name) for name in other_objectives(study)]


def _chart(study: StudyRecord, name: str) -> str:
    metric = study.objective.metric
    plot = Plot(objective_axis(study, name), value_axis(study), f"{metric} by {name}, and the Pareto front")
    others = [trial for trial in study.valued if trial.number not in study.front]
    plot.dots([_dot(trial, name) for trial in others], "dot c0", 3.5)
    front = sorted((_dot(trial, name) for trial in study.pareto), key=lambda dot: dot[:2])
    if len(study.objective.metrics) == 2:
        plot.line([(x, y) for x, y, _ in front], "line c1")
    plot.dots(front, "dot c1", 5)
    best = study.pareto[0]
    plot.dots([_dot(best, name)], "ring", 7)
    plot.note(best.values[name], best.value, f"#{best.number} {short(best.value)}")
    return plot.svg()


def _dot(trial: TrialRecord, name: str) -> tuple[float | None, float | None, str]:
    """A trial's place, and what the pointer shows."""
    values = ", ".join(f"{metric} {short(value)}" for metric, value in trial.values.items())
    return trial.values.get(name), trial.value, f"trial {trial.number}: {values}"
