"""A chart between two axes, as SVG text. Colours and line widths are those of the page's style sheet."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any, final

from sparktune.report.axis import Axis

MOST_TITLES = 150  # so many dots have a text of their own that the pointer shows
INSET = 8.0  # between the ends of the horizontal axis and those of its line
BOLD = 7.6  # the width of a bold letter
GOLDEN = 0.618034  # its multiples, without whole parts, are spread evenly however many there are
LETTER = 6.2  # the width of a letter beside an axis
XY = tuple[float, float]
Dot = tuple[Any, Any, str]


def number(value: float) -> str:
    """A coordinate, with one digit after the point at most."""
    return f"{value:.1f}".removesuffix(".0")


def svg(width: float, height: float, label: str, content: Iterable[str], kind: str = "") -> str:
    """An image of its own, as wide as its place; `label` says what it shows."""
    size = f'viewBox="0 0 {number(width)} {number(height)}"'
    name = f' class="{kind}"' if kind else ""
    return f'<svg{name} {size} role="img" aria-label="{escape(label)}">{"".join(content)}</svg>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """Words at a place."""
    where = f'x="{number(x)}" y="{number(y)}"'
    aligned = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f"<text {where}{aligned}{_class(kind)}>{escape(words)}</text>"


def path(points: Iterable[XY], kind: str) -> str:
    """A line through points."""
    places = [f"{number(x)} {number(y)}" for x, y in points]
    return f'<path{_class(kind)} d="M{"L".join(places)}"/>' if places else ""


def dots(points: Sequence[tuple[float, float, str]], kind: str, radius: float = 4, many: bool = False) -> str:
    """Dots; each with the text that the pointer shows, or all as a path where they are `many` or over 150."""
    if many or len(points) > MOST_TITLES:
        return _merged(points, f"points {kind}")
    circles = (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}">'
        f"{f'<title>{escape(title)}</title>' if title else ''}</circle>"
        for x, y, title in points
    )
    return f'<g class="{kind}">{"".join(circles)}</g>' if points else ""


def _merged(points: Sequence[tuple[float, float, str]], kind: str) -> str:
    """Dots as one short path: in order, from each to the next, at whole places, each place once."""
    places = sorted({(round(x), round(y)) for x, y, _ in points})
    steps = "".join(
        f"m{x - before_x}{' ' if y >= before_y else ''}{y - before_y}h0"
        for (before_x, before_y), (x, y) in pairwise([(0, 0), *places])
    )
    return f'<path class="{kind}" d="{steps}"/>' if places else ""


def shortened(words: str, letters: int) -> str:
    """At most so many letters."""
    return words if len(words) <= letters else f"{words[: max(letters - 1, 1)]}…"


@final
class Plot:
    """Dots and lines over two axes; what has no place on an axis is left out.

    Args:
        x: the horizontal axis.
        y: the vertical one, upwards.
        label: what the chart shows, for people who do not see it.
        width: of the image, without unit: it grows with its place on the page.
        height: of the image.
        title: written above the chart.
    """

    def __init__(
        self, x: Axis, y: Axis, label: str, width: float = 420, height: float = 250, title: str = ""
    ) -> None:
        self._x, self._y, self._label = x, y, label
        self._size = width, height
        widest = max((len(shortened(tick.text, 12)) for tick in y.ticks), default=0)
        self._left, self._right = 10 + LETTER * max(widest, 2), width - 14
        self._top, self._bottom = 30.0 if title else 22.0, height - 38
        self._content: list[str] = [text(width / 2, 13, title, "title", "middle")] if title else []
        self._content += [text(4, 13, y.name, "axis")] if not title else []

    def place(self, x: Any, y: Any) -> XY | None:
        """Where a pair of values lies in the image; None where it has no place."""
        across, up = self._x.position(x), self._y.position(y)
        if across is None or up is None:
            return None
        return self._across(across), self._bottom - up * (self._bottom - self._top)

    def dots(
        self, points: Iterable[Dot], kind: str, radius: float = 4, spread: float = 0.0, many: bool = False
    ) -> None:
        """Add dots (x, y, what the pointer shows), spread to both sides by `spread` in all; not the first.

        Where there are `many`, or over 150, they are one path, and the pointer shows nothing.
        """
        placed = [(at, title) for x, y, title in points if (at := self.place(x, y))]
        shifts = [spread * ((number * GOLDEN + 0.5) % 1 - 0.5) for number in range(len(placed))]
        beside = [(x + by, y, title) for ((x, y), title), by in zip(placed, shifts, strict=True)]
        self._content.append(dots(beside, kind, radius, many))

    def line(self, points: Iterable[tuple[Any, Any]], kind: str) -> None:
        """Add a line through points."""
        self._content.append(path([at for x, y in points if (at := self.place(x, y))], kind))

    def steps(self, points: Sequence[tuple[Any, Any]], end: Any, kind: str) -> None:
        """Add a line that keeps each value until the next point, the last one until `end`."""
        later = [*(x for x, _ in points[1:]), end]
        self.line(
            [at for (x, y), then in zip(points, later, strict=False) for at in ((x, y), (then, y))], kind
        )

    def note(self, x: Any, y: Any, words: str) -> None:
        """Write words beside a point, on the side where there is room."""
        if at := self.place(x, y):
            fits = at[0] + 11 + BOLD * len(words) < self._size[0]
            side, anchor = (11, "start") if fits else (-11, "end")
            self._content.append(text(at[0] + side, at[1] + 4, words, "note", anchor))

    def svg(self, kind: str = "chart") -> str:
        """The image: the axes, then what was added, in order."""
        return svg(*self._size, self._label, [*self._grid(), *self._content], kind)

    def _across(self, position: float) -> float:
        """Where a position of the horizontal axis lies; dots at its ends are not cut."""
        return self._left + INSET + position * (self._right - self._left - 2 * INSET)

    def _grid(self) -> Iterable[str]:
        for tick in self._y.ticks:
            up = self._bottom - tick.position * (self._bottom - self._top)
            yield path([(self._left, up), (self._right, up)], "grid")
            yield text(self._left - 5, up + 4, shortened(tick.text, 12), "tick", "end")
        yield path([(self._left, self._bottom), (self._right, self._bottom)], "base")
        room = (self._right - self._left) / max(len(self._x.ticks), 1)
        for tick in self._x.ticks:
            words = shortened(tick.text, max(int(room / LETTER), 3))
            yield text(self._across(tick.position), self._bottom + 15, words, "tick", "middle")
        name = self._x.name + (" (log)" if self._x.kind == "log" else "")
        yield text((self._left + self._right) / 2, self._bottom + 31, name, "axis", "middle")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
