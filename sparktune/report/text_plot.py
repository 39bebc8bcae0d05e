"""Learning curves as text, for terminals."""

from collections.abc import Mapping, Sequence

MARKS = "*o+x"
HEIGHT = 8
NUMBER = ".4g"


def text_plot(curves: Mapping[str, Sequence[float]], width: int = 60, height: int = HEIGHT) -> str:
    """Curves over epochs (from 1) in one frame, at most `width` columns wide; a legend names their marks.

    Where there are more epochs than columns, each column has the epoch in its place. NaN and infinite values
    are left out; of curves that meet, the first one is seen.

    Example:
        >>> print(text_plot({"loss": [3.0, 2.0, 1.0]}, height=3))
          3 |*
            | *
          1 |  *
            +---
             1 3
        * loss
    """
    finite = [value for curve in curves.values() for value in curve if abs(value) < float("inf")]
    if not finite:
        return "no values"
    low, high = min(finite), max(finite)
    margin = max(len(f"{bound:{NUMBER}}") for bound in (low, high)) + 2
    epochs = max(map(len, curves.values()))
    columns = min(epochs, width - margin - 2)
    canvas = [[" "] * columns for _ in range(height)]
    for mark, curve in reversed([*zip(MARKS, curves.values(), strict=False)]):
        for column in range(columns):
            epoch = column * (epochs - 1) // max(columns - 1, 1)
            if epoch < len(curve) and abs(curve[epoch]) < float("inf"):
                canvas[_line(curve[epoch], low, high, height)][column] = mark
    labels = {0: f"{high:{NUMBER}}", height - 1: f"{low:{NUMBER}}"}
    lines = [f"{labels.get(n, ''):>{margin}} |{''.join(row).rstrip()}" for n, row in enumerate(canvas)]
    last = str(epochs) if epochs > 1 else ""
    axis = f"{'':>{margin}}  1{last:>{max(columns - 1, len(last) + 1 if last else 0)}}"
    legend = "  ".join(f"{mark} {name}" for mark, name in zip(MARKS, curves, strict=False))
    return "\n".join([*lines, f"{'':>{margin}} +{'-' * columns}", axis, legend])


def _line(value: float, low: float, high: float, height: int) -> int:
    """The line of a value, from the top; the middle where all values are equal."""
    if high == low:
        return height // 2
    return round((high - value) / (high - low) * (height - 1))
