"""Parallel coordinates: a line for every trial through its parameters to its value."""

from itertools import pairwise

from sparktune.report.axis import Axis
from sparktune.report.record import StudyRecord, TrialRecord
from sparktune.report.series import axis_of, value_axis
from sparktune.report.svg.canvas import LETTER, number, path, shortened, svg, text

SHADES = 8
MOST_AXES = 10
DENSE = 300  # trials from which on lines are thin
MANY = 2000  # trials from which on lines are drawn a little coarser, and those alike once
TOP, BOTTOM, LEFT, RIGHT = 16.0, 276.0, 70.0, 60.0


def parallel_chart(study: StudyRecord, names: tuple[str, ...]) -> str:
    """All trials over these parameters, at most ten, and the value.

    The darker a line the better its trial, by rank; the best one is drawn last. Trials without a value end
    before the last axis.
    """
    names = names[:MOST_AXES]
    axes = [*(axis_of(study, name) for name in names), value_axis(study)]
    width = max(760.0, LEFT + RIGHT + 120.0 * (len(axes) - 1))
    places = [LEFT + (width - LEFT - RIGHT) * i / max(len(axes) - 1, 1) for i in range(len(axes))]
    coarse = 4 if len(study.trials) > MANY else 1
    content = []
    for kind, trials in _shades(study):
        # One path of all these trials; each is one run of steps from axis to axis.
        runs = dict.fromkeys(_run(axes, places, trial, coarse) for trial in trials)
        content += [f'<path class="{kind}" d="{"".join(runs)}"/>'] if runs else []
    content += [_axis(axis, place, place == places[-1]) for axis, place in zip(axes, places, strict=True)]
    label = f"Parallel coordinates of {len(study.trials)} trials over {', '.join(names)} and the value"
    return svg(width, BOTTOM + 40, label, content, "chart wide")


def _shades(study: StudyRecord) -> list[tuple[str, list[TrialRecord]]]:
    """Trials without a value, then those with one from the worst shade to the best, then the best trial."""
    lost = [t for t in study.trials if t.state.unsuccessful]
    shades: list[list[TrialRecord]] = [[] for _ in range(SHADES)]
    for rank, trial in enumerate(study.valued):
        shades[SHADES - 1 - rank * SHADES // len(study.valued)].append(trial)
    width = "way thin" if len(study.trials) > DENSE else "way"
    named = [(f"{width} q{shade}", trials) for shade, trials in enumerate(shades)]
    return [("way lost", lost), *named, ("way top", list(study.valued[:1]))]


def _run(axes: list[Axis], places: list[float], trial: TrialRecord, coarse: int) -> str:
    values = [*(trial.params.get(axis.name) for axis in axes[:-1]), trial.value]
    ups = [axis.position(value) for axis, value in zip(axes, values, strict=True)]
    points = [
        (round(place), coarse * round((BOTTOM - up * (BOTTOM - TOP)) / coarse))
        for place, up in zip(places, ups, strict=True)
        if up is not None
    ]
    steps = [
        f"{b[0] - a[0]}{b[1] - a[1]:+d}" if b[1] < a[1] else f"{b[0] - a[0]} {b[1] - a[1]}"
        for a, b in pairwise(points)
    ]
    return f"M{points[0][0]} {points[0][1]}l{' '.join(steps)}" if steps else ""


def _axis(axis: Axis, place: float, last: bool) -> str:
    side, anchor = (6, "start") if last else (-6, "end")
    ticks = [
        text(
            place + side, BOTTOM - t.position * (BOTTOM - TOP) + 4, shortened(t.text, 10), "tick halo", anchor
        )
        for t in axis.ticks
    ]
    name = shortened(axis.name, int(120 / LETTER))
    log = text(place, BOTTOM + 34, "log", "tick", "middle") if axis.kind == "log" else ""
    title = text(place, BOTTOM + 20, name, "axis", "middle")
    return "".join([path([(place, TOP), (place, BOTTOM)], "base"), *ticks, title, log])


def legend() -> str:
    """The shades, from the worst trials to the best."""
    boxes = "".join(
        f'<rect class="q{n}" x="{number(44 + 16 * n)}" width="16" height="10"/>' for n in range(SHADES)
    )
    words = text(0, 10, "worst", "tick") + text(50 + 16 * SHADES, 10, "best", "tick")
    return svg(210, 14, "Shades of the lines, from the worst trials to the best", [words, boxes], "legend")
