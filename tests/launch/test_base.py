"""What a launcher is by default: the contract itself is in contract.py."""

from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from sparktune.data.host import SharedData
from sparktune.launch.base import Launcher
from sparktune.spec import StudySpec
from sparktune.trial import Segment, TrialResult


class Idle(Launcher):
    """Runs nothing; remembers what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self, spec: StudySpec, shared: SharedData) -> None:
        self.calls.append("start")

    def slots(self) -> int:
        return 3

    def launch(self, segments: Sequence[Segment]) -> "list[Future[TrialResult]]":
        return [Future() for _ in segments]

    def cancel(self) -> None:
        self.calls.append("cancel")

    def close(self) -> None:
        self.calls.append("close")


def test_as_many_launches_as_slots_are_in_flight_by_default() -> None:
    assert Idle().max_in_flight() == 3


def test_leaving_the_context_cancels_and_closes() -> None:
    with Idle() as launcher:
        assert launcher.calls == []
    assert launcher.calls == ["cancel", "close"]


def test_an_error_inside_the_context_is_raised_and_frees_the_launcher() -> None:
    launcher = Idle()
    with pytest.raises(ZeroDivisionError), launcher:
        raise ZeroDivisionError
    assert launcher.calls == ["cancel", "close"]


def test_a_launcher_must_say_how_it_runs() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Launcher()  # type: ignore[abstract]
