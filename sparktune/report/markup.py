"""Small parts of the page: tiles, tables, sections."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, final

from sparktune.report.axis import short
from sparktune.trial import Params


@final
class Markup(str):
    """HTML as it goes into the page; every other text is escaped on its way there."""


def markup(given: Any) -> str:
    """HTML of a cell: a number in short, text escaped."""
    if isinstance(given, Markup):
        return given
    return "" if given is None else escape(short(given))


def parameter(params: Params, name: str) -> str:
    """A trial's parameter in short; nothing where the trial does not have it."""
    return short(params[name]) if name in params else ""


def tile(big: Any, small: str, kind: str = "") -> str:
    """A figure with what it means below."""
    return f'<div class="tile"><b class="{kind}">{markup(big)}</b><span>{escape(small)}</span></div>'


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table that scrolls by itself where the page is narrow; numbers stand on the right."""
    cells = [list(row) for row in rows]
    right = [all(_is_number(row[at]) for row in cells) and bool(cells) for at in range(len(header))]
    marks = [' class="number"' if is_right else "" for is_right in right]
    head = "".join(f"<th{mark}>{escape(name)}</th>" for name, mark in zip(header, marks, strict=True))
    lines = (
        "".join(f"<td{mark}>{markup(cell)}</td>" for cell, mark in zip(row, marks, strict=True))
        for row in cells
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def section(title: str, *parts: str, lead: str = "") -> str:
    """A part of the page; nothing where it has no content."""
    content = "".join(parts)
    if not content:
        return ""
    words = f'<p class="lead">{lead}</p>' if lead else ""
    return f"<section><h2>{escape(title)}</h2>{words}{content}</section>\n"


def charts(images: Iterable[str], kind: str = "") -> str:
    """Charts beside each other where there is room."""
    found = "".join(f"<div>{image}</div>" for image in images if image)
    return f'<div class="charts {kind}">{found}</div>' if found else ""


def wide(image: str) -> str:
    """A chart that needs room, and scrolls by itself where the page is narrow."""
    return f'<div class="wider">{image}</div>'


def share_bar(share: float | None) -> Markup:
    """A part of the whole as a bar with its percentage."""
    if share is None:
        return Markup('<span class="muted">none</span>')
    return Markup(f'<span class="share"><i style="width:{100 * share:.1f}%"></i></span>{100 * share:.1f} %')


def duration(seconds: float) -> str:
    """Seconds in words: 4.2 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _is_number(cell: Any) -> bool:
    return cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool))
