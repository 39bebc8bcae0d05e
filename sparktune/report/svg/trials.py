"""Charts of values: over trials, over time, over a parameter, and over two parameters."""

from collections.abc import Sequence

from sparktune.report.axis import Axis, number_axis, short
from sparktune.report.record import StudyRecord
from sparktune.report.series import (
    Point,
    axis_of,
    best_by_value,
    best_so_far,
    grouped,
    over_parameter,
    over_time,
    over_trials,
    value_axis,
)
from sparktune.report.svg.canvas import MOST_TITLES, Plot

CROWD, WIDTH = 12, 18.0  # dots for each value from which on they are spread, and how far
MINUTES, HOURS = 180.0, 10_800.0  # seconds from which on an axis counts in minutes, in hours


def history_chart(study: StudyRecord) -> str:
    """The value of each trial by its number, and the best so far."""
    points = over_trials(study)
    last = max((trial.number for trial in study.trials), default=0)
    axis = number_axis("trial", [0, max(last, 1)], whole=True)
    return _history(study, points, axis, 1.0, "Value of each trial, and the best so far, by trial number")


def time_chart(study: StudyRecord) -> str:
    """The value of each trial by when it ended, and the best so far."""
    points = over_time(study)
    seconds = max([study.seconds, *(point.x for point in points)], default=0.0)
    unit, size = clock(seconds)
    axis = number_axis(f"time [{unit}]", [0.0, max(seconds / size, 1e-3)])
    return _history(study, points, axis, size, "Value of each trial, and the best so far, by time")


def clock(seconds: float) -> tuple[str, float]:
    """The unit in which an axis of so many seconds counts, and its length in seconds."""
    return ("s", 1.0) if seconds < MINUTES else ("min", 60.0) if seconds < HOURS else ("h", 3600.0)


def parameter_chart(study: StudyRecord, name: str) -> str:
    """The value of each complete trial by one parameter; a line joins the best of each value."""
    plot = Plot(axis_of(study, name), value_axis(study), f"{study.objective.metric} by {name}")
    points = over_parameter(study, name)
    _add(study, plot, points, name, "c0")
    return plot.svg()


def multiples(study: StudyRecord, name: str, by: str) -> list[str]:
    """Small charts of one parameter, on the same axes: one for each value or range of a second parameter."""
    x, y = axis_of(study, name), value_axis(study)
    images = []
    for group in grouped(study, name, by):
        label = f"{study.objective.metric} by {name}, where {by} is {group.name}"
        plot = Plot(x, y, label, width=280, height=200, title=f"{by} {group.name}")
        _add(study, plot, group.points, name, "c0")
        images.append(plot.svg())
    return images


def _add(study: StudyRecord, plot: Plot, points: Sequence[Point], name: str, kind: str) -> None:
    """A dot for each point; those of few values are spread where they would hide each other."""
    spread = WIDTH if len(points) > CROWD * len({repr(p.x) for p in points}) else 0.0
    plot.line([(p.x, p.value) for p in best_by_value(study, name, points)], f"line {kind}")
    best_first = sorted(points, key=lambda p: p.trial != study.best_number)
    shown = [(p.x, p.value, _title(p, f"{name} {short(p.x)}")) for p in best_first]
    plot.dots(shown, f"dot {kind}", 3.5, spread, many=len(study.valued) > MOST_TITLES)
    _mark_best(study, plot, points)


def _history(study: StudyRecord, points: Sequence[Point], axis: Axis, size: float, label: str) -> str:
    plot = Plot(axis, value_axis(study), label)
    plot.dots([(p.x / size, p.value, _title(p, "")) for p in points], "dot c0", 3.5)
    leaders = [(p.x / size, p.value) for p in best_so_far(study, points)]
    plot.steps(leaders, axis.high, "line c1")
    _mark_best(study, plot, [Point(p.trial, p.x / size, p.value) for p in points])
    return plot.svg()


def _mark_best(study: StudyRecord, plot: Plot, points: Sequence[Point]) -> None:
    """A ring around the best trial, where it is among the points."""
    for point in points:
        if point.trial == study.best_number:
            plot.dots([(point.x, point.value, _title(point, "best"))], "ring", 6)
            plot.note(point.x, point.value, f"#{point.trial} {short(point.value)}")


def _title(point: Point, more: str) -> str:
    return f"trial {point.trial}: {short(point.value)}" + (f", {more}" if more else "")
