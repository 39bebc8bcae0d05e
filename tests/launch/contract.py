"""What every launcher promises, as tests; a subclass gives the fixture `launcher`, which does `works.act`."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from pathlib import Path

import pytest

from sparktune.data.dataset import Dataset
from sparktune.data.host import share
from sparktune.launch import Launcher
from sparktune.launch.payload import ATTEMPTS
from sparktune.spec import StudySpec
from sparktune.trial import Segment, Trial, TrialResult, TrialState

PATIENCE = 60


def trial(number: int = 0, /, **params: object) -> Trial:
    return Trial("contract", number, params, seed=12345 + number, front=((0.25,),))


def started(launcher: Launcher, spec: StudySpec, data: Dataset) -> Launcher:
    """The launcher, ready for the study."""
    launcher.start(spec, share(data))
    return launcher


def launched(launcher: Launcher, trial: Trial) -> "Future[TrialResult]":
    return launched_together(launcher, [trial])[0]


def launched_together(launcher: Launcher, trials: Sequence[Trial]) -> "list[Future[TrialResult]]":
    return launcher.launch([Segment(trial) for trial in trials])


def facts(result: TrialResult) -> dict[str, str]:
    """What `works.value` tells of the process that it ran in."""
    told: dict[str, str] = json.loads(result.host)
    return told


def until(condition: object, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def beats(pulse: Path) -> bool:
    before = pulse.read_text()
    time.sleep(0.3)
    return pulse.read_text() != before


def refilled(launcher: Launcher, count: int, **params: object) -> list[TrialResult]:
    """Run trials as a study does: each free slot is filled at once."""
    width, results, number = launcher.slots(), [], 0
    flying: set[Future[TrialResult]] = set()
    while len(results) < count:
        while len(flying) < width and number < count:
            flying.add(launched(launcher, trial(number, **params)))
            number += 1
        done, flying = wait(flying, PATIENCE, FIRST_COMPLETED)
        results += [future.result() for future in done]
    return results


class LauncherContract:
    expected_slots = 2
    afterglow = 3.0  # seconds that a cancelled worker may go on

    def test_a_result_comes_home_whole(self, launcher: Launcher) -> None:
        result = launched(launcher, trial(7, do="value")).result(PATIENCE)
        assert (result.trial, result.state, result.value, result.attempt) == (7, TrialState.COMPLETE, 0.5, 1)
        assert result.params == {"do": "value"}
        assert result.model == b"\x00weights"
        assert result.history["val_loss"][0] == 0.1 + 0.2
        assert math.isnan(result.history["val_loss"][1])

    def test_seed_front_spec_and_data_arrive(self, launcher: Launcher) -> None:
        notes = facts(launched(launcher, trial(2, do="value")).result(PATIENCE))
        assert (notes["seed"], notes["front"]) == ("12347", "((0.25,),)")
        assert (notes["study"], notes["rows"], notes["threads"]) == ("contract", "8", "1")

    def test_slots_are_what_can_run(self, launcher: Launcher) -> None:
        assert launcher.slots() == self.expected_slots
        assert launcher.max_in_flight() > self.expected_slots  # a trial waits for the next free slot

    @pytest.mark.parametrize(
        ("do", "sign"),
        [
            ("blunder", "ValueError: no such optimizer"),
            ("leave", "SystemExit: 3"),
            ("nothing", "must return a TrialResult, but got NoneType"),
            ("odd", "not JSON serializable"),
        ],
    )
    def test_a_python_error_fails_the_trial_once(
        self, launcher: Launcher, tmp_path: Path, do: str, sign: str
    ) -> None:
        log = tmp_path / "attempts"
        result = launched(launcher, trial(do=do, log=str(log))).result(PATIENCE)
        assert (result.state, result.attempt, lines(log)) == (TrialState.FAILED, 1, 1)
        assert result.error is not None
        assert "Traceback" in result.error
        assert sign in result.error

    @pytest.mark.fault(
        "worker segfaults, ends by os._exit, is SIGKILLed: tried again, then FAILED with the true reason"
    )
    def test_a_lost_worker_is_tried_again_then_failed(self, launcher: Launcher, tmp_path: Path) -> None:
        deaths = {
            "vanish": "exited with code 1",
            "crash": "was killed by SIGSEGV",
            "killed": "was killed by SIGKILL",
        }
        futures = {do: launched(launcher, trial(do=do, log=str(tmp_path / do))) for do in deaths}
        neighbour = launched(launcher, trial(do="value"))
        for do, future in futures.items():
            result = future.result(PATIENCE)
            assert result.state is TrialState.FAILED
            assert result.attempt == lines(tmp_path / do) >= ATTEMPTS
            assert deaths[do] in (result.error or "").splitlines()[0]
            assert deaths[do] in (result.complaint or "")
            assert "\tat org.apache" not in (result.error or "")
        assert "Segmentation fault" in (futures["crash"].result().error or "")
        assert "works.py" in (futures["crash"].result().error or "")
        assert len((futures["crash"].result().error or "").splitlines()) <= 12
        assert neighbour.result(PATIENCE).state is TrialState.COMPLETE

    def test_a_worker_lost_once_costs_one_attempt(self, launcher: Launcher) -> None:
        result = launched(launcher, trial(do="killed", well_from=2)).result(PATIENCE)
        assert (result.state, result.attempt) == (TrialState.COMPLETE, 2)
        assert (result.notes.lost or "").endswith("was killed by SIGKILL")

    def test_as_many_trials_run_at_once_as_there_are_slots(self, launcher: Launcher, tmp_path: Path) -> None:
        width = launcher.slots()
        meeting = [
            launched(launcher, trial(n, do="meet", room=str(tmp_path), count=width)) for n in range(width)
        ]
        assert {future.result(PATIENCE).state for future in meeting} == {TrialState.COMPLETE}

    def test_a_free_slot_is_used_while_other_trials_run(self, launcher: Launcher, tmp_path: Path) -> None:
        release = tmp_path / "release"
        holders = [
            launched(launcher, trial(n, do="hold", until=str(release))) for n in range(launcher.slots() - 1)
        ]
        for number in range(10, 14):
            assert launched(launcher, trial(number, do="value")).result(PATIENCE).state is TrialState.COMPLETE
        assert not any(holder.done() for holder in holders)
        release.touch()
        assert {holder.result(PATIENCE).state for holder in holders} == {TrialState.COMPLETE}

    def test_data_are_read_once_by_a_worker(self, launcher: Launcher) -> None:
        seen = defaultdict(set)
        for result in refilled(launcher, 6, do="value"):
            seen[facts(result)["process"]].add(facts(result)["data"])
        assert 1 <= len(seen) <= 2 * self.expected_slots
        assert all(len(objects) == 1 for objects in seen.values())

    def test_trials_launched_together_run_one_after_another_in_one_worker(
        self, launcher: Launcher, tmp_path: Path
    ) -> None:
        log = tmp_path / "attempts"
        asked = [trial(n, do="value", log=str(log)) for n in range(4)]
        results = [future.result(PATIENCE) for future in launched_together(launcher, asked)]
        assert [(r.trial, r.state, r.attempt) for r in results] == [
            (n, TrialState.COMPLETE, 1) for n in range(4)
        ]
        assert len({facts(r)["process"] for r in results}) == 1
        assert lines(log) == 4

    def test_a_failure_harms_no_trial_beside_it(self, launcher: Launcher) -> None:
        deeds = ("value", "blunder", "leave", "odd", "value")
        futures = launched_together(launcher, [trial(n, do=do) for n, do in enumerate(deeds)])
        states = [future.result(PATIENCE).state for future in futures]
        failed, complete = TrialState.FAILED, TrialState.COMPLETE
        assert states == [complete, failed, failed, failed, complete]

    def test_a_lost_worker_costs_the_trials_beside_it_an_attempt_at_most(
        self, launcher: Launcher, tmp_path: Path
    ) -> None:
        deeds = ("value", "killed", "value")
        asked = [trial(n, do=do, log=str(tmp_path / str(n))) for n, do in enumerate(deeds)]
        first, lost, last = (future.result(PATIENCE) for future in launched_together(launcher, asked))
        assert lost.state is TrialState.FAILED
        assert lost.attempt == lines(tmp_path / "1") >= ATTEMPTS
        assert {first.state, last.state} == {TrialState.COMPLETE}
        assert max(first.attempt, last.attempt) <= 2

    def test_trials_that_take_long_come_home_all_the_same(self, launcher: Launcher) -> None:
        futures = launched_together(launcher, [trial(n, do="nap", seconds=1.1) for n in range(3)])
        states = {future.result(PATIENCE).state for future in futures}
        assert states == {TrialState.COMPLETE}

    def test_cancel_kills_trials_launched_together(self, launcher: Launcher, tmp_path: Path) -> None:
        pulse = tmp_path / "pulse"
        asked = [trial(0, do="value"), trial(1, do="beat", pulse=str(pulse)), trial(2, do="value")]
        futures = launched_together(launcher, asked)
        until(pulse.exists)
        launcher.cancel()
        first, *others = (future.result(1) for future in futures)
        assert first.state in (TrialState.KILLED, TrialState.COMPLETE)
        assert [(r.trial, r.state, r.attempt) for r in others] == [(n, TrialState.KILLED, 1) for n in (1, 2)]
        until(lambda: not beats(pulse), self.afterglow)

    def test_cancel_kills_what_runs_and_what_waits(self, launcher: Launcher, tmp_path: Path) -> None:
        pulses = [tmp_path / str(n) for n in range(launcher.slots() + 1)]
        futures = [launched(launcher, trial(n, do="beat", pulse=str(p))) for n, p in enumerate(pulses)]
        until(lambda: sum(p.exists() for p in pulses) >= launcher.slots())
        started = time.monotonic()
        launcher.cancel()
        states = {future.result(1).state for future in futures}
        assert states == {TrialState.KILLED}
        assert time.monotonic() - started < 5
        until(lambda: not any(beats(p) for p in pulses if p.exists()), self.afterglow)

    def test_cancel_before_anything_has_started(self, launcher: Launcher, tmp_path: Path) -> None:
        future = launched(launcher, trial(do="beat", pulse=str(tmp_path / "pulse")))
        launcher.cancel()
        assert future.result(1).state is TrialState.KILLED

    def test_launching_goes_on_after_cancel(self, launcher: Launcher) -> None:
        launcher.cancel()
        assert launched(launcher, trial(do="value")).result(PATIENCE).state is TrialState.COMPLETE


class LimitsContract:
    """What holds where trials have limits: `LIMITS`; a subclass gives `limited`, a launcher with them."""

    @pytest.mark.fault("a trial hangs: TIMED_OUT, its worker is gone, its slot used again")
    def test_a_trial_that_hangs_ends_alone_and_its_slot_is_used_again(
        self, limited: Launcher, tmp_path: Path
    ) -> None:
        deeds = ("value", "stall", "spin", "value")
        asked = [trial(n, do=do, log=str(tmp_path / str(n))) for n, do in enumerate(deeds)]
        first, asleep, busy, last = (future.result(PATIENCE) for future in launched_together(limited, asked))
        assert [first.state, last.state] == [TrialState.COMPLETE] * 2
        for result, name in ((asleep, "stall"), (busy, "match")):
            assert (result.state, result.attempt) == (TrialState.TIMED_OUT, 1)
            assert LIMITS["trial_seconds"] <= result.seconds < LIMITS["trial_seconds"] + 5
            complaint = result.complaint or ""
            assert complaint.startswith("resources.trial_seconds: a trial may take 1 s, but this one had not")
            assert f"It was in {name} (" in complaint
            assert "works.py" in (result.error or "")
            (line,) = (tmp_path / str(result.trial)).read_text().splitlines()
            until(partial(gone, int(line.split()[1])), 5)

    def test_what_earlier_segments_took_counts(self, limited: Launcher) -> None:
        (future,) = limited.launch([Segment(trial(do="nap", seconds=0.5), trained_seconds=0.8)])
        assert future.result(PATIENCE).state is TrialState.TIMED_OUT

    @pytest.mark.fault("a trial eats memory: OUT_OF_MEMORY, not tried again, its neighbours live")
    def test_a_trial_that_eats_memory_ends_alone_and_is_not_tried_again(
        self, limited: Launcher, tmp_path: Path
    ) -> None:
        log = tmp_path / "attempts"
        asked = [trial(0, do="hog", log=str(log)), trial(1, do="value"), trial(2, do="lack")]
        large, beside, lacking = (future.result(PATIENCE) for future in launched_together(limited, asked))
        assert (large.state, large.attempt, lines(log)) == (TrialState.OUT_OF_MEMORY, 1, 1)
        assert "resources.memory: a trial may take 100,000,000 bytes, but this" in (large.complaint or "")
        assert beside.state is TrialState.COMPLETE
        assert (lacking.state, lacking.attempt) == (TrialState.OUT_OF_MEMORY, 1)
        assert "MemoryError" in (lacking.error or "")


LIMITS = {"trial_seconds": 1.0, "memory": "100MB"}


def gone(process: int) -> bool:
    """Whether a process has ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"
