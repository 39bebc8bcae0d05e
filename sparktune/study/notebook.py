"""A study in a notebook: one display that is updated while it runs, and its result as HTML."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, final

from sparktune.trial import Params

if TYPE_CHECKING:
    from sparktune.study.result import StudyResult
    from sparktune.study.tune import OnProgress, Progress

SHOWN = 10  # rows of the table of trials
SECONDS = 0.25  # at least, between two updates of the display
FACTS = ("trial", "state", "value", "seconds")


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; a terminal, IPython's too, is none."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def notebook_progress(name: str, on_progress: "OnProgress | None" = None) -> "Iterator[OnProgress]":
    """What to call after each trial of the study `name`: `on_progress` where it is given.

    Else, in a notebook, what updates a display; elsewhere what shows nothing.
    """
    if on_progress is not None or not in_notebook():
        yield on_progress or (lambda progress: None)
        return
    display = ProgressDisplay(name)
    try:
        yield display.update
    finally:
        display.show()


@final
class ProgressDisplay:
    """One display of a notebook: a bar, the trials that ended, and the best one so far."""

    def __init__(self, name: str) -> None:
        from IPython.display import display

        self._name = name
        self._started = time.monotonic()
        self._shown = self._started
        self._newest: Progress | None = None
        self._handle: Any = display(  # type: ignore[no-untyped-call]
            self._content(), raw=True, display_id=True
        )

    def update(self, progress: "Progress") -> None:
        """Note how far the study is; the display follows, at most four times a second."""
        self._newest = progress
        if time.monotonic() - self._shown >= SECONDS:
            self.show()

    def show(self) -> None:
        """Show what is known now."""
        self._shown = time.monotonic()
        self._handle.update(self._content(), raw=True)

    def _content(self) -> dict[str, str]:
        newest = self._newest
        done, total = (newest.done, newest.total) if newest else (0, None)
        place = f"{done}/{total} trials" if total else f"{done} trials"
        seconds = f"{time.monotonic() - self._started:.0f} s"
        best = newest.best if newest else None
        words = [place, seconds]
        if best is not None and best.value is not None:
            words.append(f"best {best.value:.6g} (trial {best.trial}{_settings(best.params)})")
        bar = f"<progress value='{done}' max='{total or max(done, 1)}'></progress>"
        line = " · ".join(words)
        return {
            "text/plain": f"{self._name}: {line}",
            "text/html": f"<div><b>{escape(self._name)}</b> {bar} {escape(line)}</div>",
        }


def result_html(result: "StudyResult") -> str:
    """The best trial and the table of the best ten, as HTML for a notebook."""
    objective, best = result.outcome.objective, result.best
    name = escape(result.spec.study.name)
    parts = [f"<p><b>{name}</b>: no trial has a value</p>"]
    if best is not None and best.value is not None:
        parts = [
            f"<p><b>{name}</b>: best {escape(objective.metric)} <b>{best.value:.6g}</b>, trial {best.trial}"
            f"{escape(_settings(best.params))}</p>"
        ]
    return "<div>" + "".join([*parts, _table(result)]) + "</div>"


def _table(result: "StudyResult") -> str:
    trials, direction = result.trials, result.outcome.objective.direction
    ranked = trials.sort_values("value", ascending=direction == "minimize", na_position="last", kind="stable")
    params = [column for column in trials.columns if column.startswith("params.")]
    table = ranked[[*FACTS, *params]].head(SHOWN).rename(columns=lambda name: name.removeprefix("params."))
    html: str = table.to_html(index=False, border=0, na_rep="", float_format="{:.6g}".format)
    hidden = len(trials) - SHOWN
    return html + (f"<p>and {hidden} more in trials.csv</p>" if hidden > 0 else "")


def _settings(params: Params) -> str:
    return "".join(f" {name}={value}" for name, value in params.items())
