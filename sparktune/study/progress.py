"""How far a study is: what is called after each trial; in a notebook one display that is updated."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, final

from sparktune.trial import TrialResult

SECONDS = 0.25  # at least, between two updates of the display


@final
@dataclass(frozen=True)
class Progress:
    """How far a study is: the newest result, the best so far, trials done and in all (None where open).

    `waiting` counts the paused trials that wait for the pruner.
    """

    result: TrialResult
    best: TrialResult | None
    done: int
    total: int | None
    waiting: int = 0


OnProgress = Callable[[Progress], None]


@final
@dataclass(frozen=True)
class Standing:
    """The best trial so far, how many have ended, in all (None where open), and wait for the pruner."""

    best: TrialResult | None
    done: int
    total: int | None
    waiting: int = 0


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; a terminal, IPython's too, is none."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def notebook_progress(name: str, start: Standing, on_progress: OnProgress | None) -> Iterator[OnProgress]:
    """What to call after each trial of the study `name`: `on_progress` where it is given.

    Else, in a notebook, what updates a display that begins with `start`; elsewhere what shows nothing.
    """
    if on_progress is not None or not in_notebook():
        yield on_progress or (lambda progress: None)
        return
    display = ProgressDisplay(name, start)
    try:
        yield display.update
    finally:
        display.show()


@final
class ProgressDisplay:
    """One display of a notebook: a bar, the trials that ended, and the best one so far."""

    def __init__(self, name: str, start: Standing) -> None:
        from IPython.display import display

        self._name = name
        self._standing = start
        self._started = self._shown = time.monotonic()
        self._handle: Any = display(  # type: ignore[no-untyped-call]
            self._content(), raw=True, display_id=True
        )

    def update(self, progress: Progress) -> None:
        """Note how far the study is; the display follows, at most four times a second."""
        self._standing = Standing(progress.best, progress.done, progress.total, progress.waiting)
        if time.monotonic() - self._shown >= SECONDS:
            self.show()

    def show(self) -> None:
        """Show what is known now."""
        self._shown = time.monotonic()
        self._handle.update(self._content(), raw=True)

    def _content(self) -> dict[str, str]:
        best, done, total = self._standing.best, self._standing.done, self._standing.total
        words = [f"{done}/{total} trials" if total else f"{done} trials"]
        if self._standing.waiting:
            words.append(f"{self._standing.waiting} paused")
        words.append(f"{time.monotonic() - self._started:.0f} s")
        if best is not None and best.value is not None:
            settings = "".join(f" {name}={value}" for name, value in best.params.items())
            words.append(f"best {best.value:.6g} (trial {best.trial}{settings})")
        bar = f"<progress value='{done}' max='{total or max(done, 1)}'></progress>"
        line = " · ".join(words)
        return {
            "text/plain": f"{self._name}: {line}",
            "text/html": f"<div><b>{escape(self._name)}</b> {bar} {escape(line)}</div>",
        }
