"""The table that every benchmark prints, as Markdown."""

from collections.abc import Sequence
from pathlib import Path

Cell = str | float | int | None


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """An aligned Markdown table; numbers to the right, None as a dash."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    right = [all(not isinstance(row[place], str) for row in rows) for place in range(len(columns))]
    rule = [
        "-" * (width - 1) + (":" if to_right else "-") for width, to_right in zip(widths, right, strict=True)
    ]
    lines = [list(columns), rule, *texts]
    return "\n".join(
        "| " + " | ".join(_pad(*cell) for cell in zip(line, widths, right, strict=True)) + " |"
        for line in lines
    )


def publish(title: str, machine: str, body: str, markdown: Path | None) -> None:
    """Print a report; write the same to `markdown` where it is given."""
    text = f"## {title}\n\n{machine}\n\n{body}\n"
    print(f"\n{text}", flush=True)
    if markdown is not None:
        markdown.write_text(text, encoding="utf-8")


def _pad(text: str, width: int, to_right: bool) -> str:
    return text.rjust(width) if to_right else text.ljust(width)


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return str(cell)
