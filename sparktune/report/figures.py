"""What matplotlib figures of a study share: their look, dots, and the scales of their axes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sparktune.errors import InputError
from sparktune.report.axis import Axis
from sparktune.report.record import StudyRecord
from sparktune.report.series import Point, value_axis
from sparktune.trial import TrialState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours that colour-blind people can tell apart; the first two are those of the page.
COLOURS = ("#0b6fb3", "#c2570c", "#0a7d5c", "#b0608f", "#8a7500", "#555f6b")
STATES = {"COMPLETE": COLOURS[0], "PAUSED": COLOURS[0]}
STATES |= {state: "#b3261e" for state in TrialState if state.unsuccessful}
OTHER = "#9aa3ae"


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple["Figure", Any]:
    """A figure with one pair of axes, in inches."""
    figure, (axes,) = new_figures(1, width, height)
    return figure, axes


def new_figures(count: int, width: float = 6.4, height: float = 4.0) -> tuple["Figure", list[Any]]:
    """A figure with so many axes beside each other. It is closed, so that a notebook shows it once."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise InputError("figures need matplotlib; run: pip install 'sparktune[plots]'") from None
    figure, axes = pyplot.subplots(
        1, count, figsize=(width * (1 if count == 1 else 1.5), height), layout="constrained", squeeze=False
    )
    for each in axes[0]:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25)
    pyplot.close(figure)
    return figure, list(axes[0])


def draw_dots(axes: Any, points: Sequence[Point], colour: str, label: str) -> None:
    """A dot for each point that has a place on the x axis."""
    placed = [(p.x, p.value) for p in points if p.x is not None]
    axes.scatter([x for x, _ in placed], [y for _, y in placed], s=22, color=colour, alpha=0.65, label=label)


def clipped(axis: Axis, points: Sequence[Point]) -> list[Point]:
    """The points, with values far away at the end of the axis, where the page shows them too."""
    return [Point(p.trial, p.x, min(max(p.value, axis.low), axis.high)) for p in points]


def place_on(axis: Axis, value: Any) -> Any:
    """Numbers as they are, words at their place."""
    return axis.values.index(str(value)) if axis.kind == "category" else value


def scale_parameter_axis(axes: Any, axis: Axis) -> None:
    """Give the x axis the kind and the ticks that the page has: words, log or linear."""
    if axis.kind == "category":
        axes.set_xticks(range(len(axis.values)), axis.values)
        return
    axes.set_xscale(axis.kind)
    if axis.kind == "log":
        axes.set_xticks([], minor=True)
    numbers = [axis.number_at(tick.position) for tick in axis.ticks]
    axes.set_xticks(numbers, [tick.text for tick in axis.ticks])


def scale_value_axis(axes: Any, study: StudyRecord) -> None:
    """Give the y axis the kind and the ends that the page has for the study's values."""
    axis = value_axis(study)
    if axis.kind == "log":
        axes.set_yscale("log")
    elif study.valued:
        room = 0.05 * (axis.high - axis.low)
        axes.set_ylim(axis.low - room, axis.high + room)
    axes.set_ylabel(axis.name)


def shade(share: float) -> tuple[float, float, float]:
    """From light (0) to dark (1)."""
    light, dark = (0.83, 0.86, 0.80), (0.12, 0.20, 0.47)
    red, green, blue = (a + share * (b - a) for a, b in zip(light, dark, strict=True))
    return red, green, blue
