"""The timeline: a row for each slot, a bar for each trial on it."""

from sparktune.report.axis import number_axis
from sparktune.report.record import StudyRecord
from sparktune.report.slots import Bar, slots_of
from sparktune.report.svg.canvas import number, path, shortened, svg, text
from sparktune.report.svg.trials import clock
from sparktune.trial import TrialState

WIDTH, LEFT, TOP = 1000.0, 120.0, 8.0
MOST_ROWS, TALL, LOW = 64, 16.0, 7.0
COLOURS = {TrialState.COMPLETE: "done", TrialState.PAUSED: "done"}
COLOURS |= {state: "failed" for state in TrialState if state.unsuccessful}


def timeline_chart(study: StudyRecord) -> str:
    """What each slot did; the first 64 slots."""
    slots = slots_of(study)[:MOST_ROWS]
    row = TALL if len(slots) <= 24 else LOW
    unit, size = clock(study.seconds)
    axis = number_axis(f"time [{unit}]", [0.0, max(study.seconds / size, 1e-3)])
    scale = (WIDTH - LEFT - 10) / (axis.high * size)
    bottom = TOP + row * len(slots) + 4
    content = [
        path([(x, TOP), (x, bottom)], "grid") + text(x, bottom + 14, tick.text, "tick", "middle")
        for tick in axis.ticks
        for x in [LEFT + tick.position * (WIDTH - LEFT - 10)]
    ]
    for index, slot in enumerate(slots):
        top = TOP + row * index
        if row == TALL:
            words = f"{shortened(slot.host, 10) or 'slot'} {index + 1}"
            content.append(text(LEFT - 6, top + row - 4, words, "tick", "end"))
        content += [_bars(slot.bars, kind, top, row, scale) for kind in ("done", "failed", "other", "idle")]
    content.append(text((LEFT + WIDTH) / 2, bottom + 30, axis.name, "axis", "middle"))
    label = f"Timeline of {len(slots)} slots over {study.seconds:.0f} seconds"
    return svg(WIDTH, bottom + 36, label, content, "chart wide")


def _bars(bars: tuple[Bar, ...], kind: str, top: float, row: float, scale: float) -> str:
    """One path of all bars of a kind on a slot; of `idle` the times before trials started."""
    spans = [
        (bar.idle, bar.begin) if kind == "idle" else (bar.begin, bar.end)
        for bar in bars
        if kind in ("idle", COLOURS.get(bar.state, "other"))
    ]
    height = row - 3 if kind != "idle" else 2
    y = top if kind != "idle" else top + (row - 4) / 2
    boxes = [
        f"M{number(LEFT + begin * scale)} {number(y)}h{number(width)}v{number(height)}h-{number(width)}z"
        for begin, end in spans
        if (width := max((end - begin) * scale - 0.5, 0.5 if kind != "idle" else 0.0)) > 0
    ]
    return f'<path class="bar {kind}" d="{"".join(boxes)}"/>' if boxes else ""
