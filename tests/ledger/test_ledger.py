"""What the ledger promises to the driver, the report and the sync."""

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.pareto import dominates, pareto_front
from sparktune.spec import StudySpec, parse_spec
from sparktune.summary import Objective
from sparktune.trial import Trial, TrialNotes, TrialReport, TrialResult, TrialState

DATA = "d" * 64


def opened(folder: Path, spec: StudySpec, data: str = DATA, direction: str = "maximize") -> Ledger:
    return Ledger.open(folder / "s", spec, data, direction)


def done(trial: int, value: float | None = 0.5, model: bytes | None = b"model", **fields: Any) -> TrialResult:
    fields = {"params": {"neurons": 4, "dropout": 0.1}, "state": TrialState.COMPLETE, "epoch": 1, **fields}
    return TrialResult(trial=trial, value=value, model=model, **fields)


def models(ledger: Ledger) -> list[str]:
    return sorted(path.name for path in ledger.directory.glob("*.keras"))


class TestRecord:
    def test_what_was_recorded_is_there_after_reopening(self, tmp_path: Path, spec: StudySpec) -> None:
        full = done(
            3,
            history={"val_accuracy": [0.1, 0.5], "val_loss": [2.0, math.inf]},
            timings={"train": 1.5},
            host="h",
            attempt=2,
            notes=TrialNotes(engine="compiled", threads="1"),
        )
        with opened(tmp_path, spec) as ledger:
            first = ledger.study_id
            ledger.launched(Trial("s", 3, {"neurons": 4}, seed=9))
            ledger.record(full)
            ledger.note(StudyStarted("loss", "minimize"))
        with opened(tmp_path, spec) as ledger:
            assert ledger.study_id == first
            assert ledger.results == {3: done(**{**full.__dict__, "model": None})}
            assert ledger.last(StudyStarted) == StudyStarted("loss", "minimize")
            assert ledger.last(StudyEnded) is None
            assert ledger.best == ledger.results[3]

    def test_reading_needs_no_lock_and_writes_nothing(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0))
            before = {path: path.stat().st_mtime_ns for path in ledger.directory.iterdir()}
            read = Ledger.read(ledger.directory)
            assert read.results == ledger.results
            assert read.spec == spec
            assert read.best_model == ledger.best_model
            with pytest.raises(RuntimeError, match="reading"):
                read.note(StudyEnded("FAILED"))
            assert {path: path.stat().st_mtime_ns for path in ledger.directory.iterdir()} == before

    def test_the_first_terminal_result_of_a_trial_stands(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.5))
            ledger.record(done(0, 0.9))
            assert ledger.results[0].value == 0.5
        with opened(tmp_path, spec) as ledger:
            assert ledger.results[0].value == 0.5

    def test_a_killed_trial_is_not_over(self, tmp_path: Path, spec: StudySpec) -> None:
        killed = done(0, None, None, state=TrialState.KILLED)
        with opened(tmp_path, spec) as ledger:
            ledger.record(killed)
            assert (dict(ledger.results), dict(ledger.unfinished)) == ({}, {0: killed})
            ledger.record(done(1, 0.4))
            assert [result.trial for result in ledger.all_results] == [1, 0]
            ledger.record(done(0, 0.5))
            assert ([*ledger.results], dict(ledger.unfinished)) == ([1, 0], {})
        assert [*Ledger.read(tmp_path / "s").results] == [1, 0]

    def test_a_paused_trial_goes_on_and_its_last_result_is_kept(
        self, tmp_path: Path, spec: StudySpec
    ) -> None:
        first, second = (
            done(0, value, None, state=TrialState.PAUSED, checkpoint=f"c{value}") for value in (0.2, 0.3)
        )
        with opened(tmp_path, spec) as ledger:
            ledger.record(first)
            ledger.record(second)
            assert (dict(ledger.results), dict(ledger.unfinished), ledger.best) == ({}, {0: second}, None)
        with opened(tmp_path, spec) as ledger:
            assert dict(ledger.unfinished) == {0: second}
            ledger.record(done(0, 0.5))
        read = Ledger.read(tmp_path / "s")
        assert [event for event in read.sequence if isinstance(event, TrialReport)] == [
            TrialReport(0, 0, {}),
            TrialReport(0, 0, {}),
        ]
        assert ([*read.results], dict(read.unfinished)) == ([0], {})

    def test_every_launch_is_known_with_its_parameters(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.launched(Trial("s", 0, {"neurons": 4}, 1), Trial("s", 5, {"neurons": 8}, 2, attempt=2))
            ledger.record(done(0, params={"neurons": 4}))
        for known in (ledger, Ledger.read(tmp_path / "s")):
            assert [*known.sequence] == [(0, {"neurons": 4}), (5, {"neurons": 8}), known.results[0]]
            assert [known.attempts(trial) for trial in (0, 5, 6)] == [1, 2, 0]

    def test_a_running_trial_cannot_be_recorded(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger, pytest.raises(ValueError, match="trial 4 is RUNNING"):
            ledger.record(done(4, state=TrialState.RUNNING))

    def test_a_closed_ledger_records_nothing(self, tmp_path: Path, spec: StudySpec) -> None:
        ledger = opened(tmp_path, spec)
        ledger.close()
        ledger.close()
        with pytest.raises(RuntimeError, match="closed"):
            ledger.record(done(0, model=None))

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
    @given(values=st.lists(st.floats(), max_size=4), error=st.text(), seconds=st.floats())
    def test_any_number_and_text_reads_back_from_strict_json(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        spec: StudySpec,
        values: list[float],
        error: str,
        seconds: float,
    ) -> None:
        folder = tmp_path_factory.mktemp("any")
        result = done(
            0,
            None,
            None,
            state=TrialState.DIVERGED,
            history={"loss": values},
            error=error,
            timings={"t": seconds},
        )
        with opened(folder, spec) as ledger:
            ledger.record(result)
        for line in (folder / "s" / "ledger.jsonl").read_text("ascii").splitlines():
            json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        read = Ledger.read(folder / "s").results[0]
        assert repr(read) == repr(result)

    def test_two_thousand_records_only_append(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            path = ledger.directory / "ledger.jsonl"
            inode, sizes = path.stat().st_ino, []
            written = path.read_bytes()
            for trial in range(2000):
                ledger.record(done(trial, trial / 2000, model=None))
                sizes.append(path.stat().st_size)
            content = path.read_bytes()
        assert path.stat().st_ino == inode
        assert content.startswith(written)
        assert content.count(b"\n") == 2001
        assert max(b - a for a, b in pairwise(sizes)) < 2 * (sizes[0] - len(written))
        assert len(Ledger.read(path.parent).results) == 2000


class TestBest:
    @pytest.mark.parametrize(("direction", "best"), [("maximize", 2), ("minimize", 1)])
    def test_direction(self, tmp_path: Path, spec: StudySpec, direction: str, best: int) -> None:
        with opened(tmp_path, spec, direction=direction) as ledger:
            for trial, value in enumerate([0.5, 0.1, 0.9, 0.3]):
                ledger.record(done(trial, value))
            assert ledger.best is not None and ledger.best.trial == best
            assert models(ledger) == [f"best-{best}.keras"]

    def test_of_equal_values_the_lowest_number(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            for trial in (4, 2, 7):
                ledger.record(done(trial, 0.5, f"model {trial}".encode()))
            assert ledger.best is not None and ledger.best.trial == 2
            assert ledger.best_model is not None and ledger.best_model.read_bytes() == b"model 2"

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
    def test_only_a_finite_value_wins(self, tmp_path: Path, spec: StudySpec, value: float | None) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, value))
            assert (ledger.best, ledger.best_model, models(ledger)) == (None, None, [])

    @pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.DIVERGED, TrialState.KILLED])
    def test_only_a_complete_trial_wins(self, tmp_path: Path, spec: StudySpec, state: TrialState) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.9, state=state))
            assert ledger.best is None

    def test_the_model_lies_beside_the_record_with_its_digest(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.5, b"weights"))
            ledger.record(done(1, 0.4, b"worse"))
            assert models(ledger) == ["best-0.keras"]
            records = [
                json.loads(line) for line in (ledger.directory / "ledger.jsonl").read_text().splitlines()
            ][1:]
        assert [r["model"] for r in records] == [hashlib.sha256(b"weights").hexdigest(), None]

    def test_a_lost_model_is_made_again_once_a_file_of_another_trial_is_explained(
        self, tmp_path: Path, spec: StudySpec
    ) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.5, b"weights"))
            (ledger.directory / "best-0.keras").rename(ledger.directory / "best-1.keras")
        with opened(tmp_path, spec) as ledger:
            assert (ledger.best.trial, ledger.best_model) == (0, None)
            ledger.record(done(1, 0.4, None))  # it has not become the best after all
        with opened(tmp_path, spec) as ledger:
            assert [*ledger.results] == [1]

    def test_a_lost_model_costs_no_other_trial_its_result(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            for trial, value in enumerate([0.3, 0.5, 0.4]):
                ledger.record(done(trial, value))
            (ledger.directory / "best-1.keras").unlink()
        for _ in range(3):  # it may not run again: a budget is spent
            with opened(tmp_path, spec) as ledger:
                assert [*ledger.results] == [0, 2]
                assert sorted(result.value for result in ledger.all_results) == [0.3, 0.4, 0.5]
                assert (ledger.best.trial, ledger.best_model) == (1, None)
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(1, 0.5, attempt=2))
            assert (ledger.best.trial, models(ledger)) == (1, ["best-1.keras"])
            assert len(ledger.all_results) == 3

    def test_a_retried_best_trial_whose_lines_are_all_lost_runs_again_and_costs_no_other(
        self, tmp_path: Path, spec: StudySpec
    ) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.5, b"next"))
            ledger.record(done(1, None, None, state=TrialState.FAILED))
            ledger.record(done(2, None, None, state=TrialState.FAILED))
            before = (ledger.directory / "ledger.jsonl").read_bytes()
            ledger.retry({TrialState.FAILED})
            ledger.launched(Trial("s", 1, {"neurons": 4, "dropout": 0.1}, seed=9, attempt=2))
            ledger.record(done(1, 0.9, b"best", attempt=2))
            after = (ledger.directory / "ledger.jsonl").read_bytes()
        lost = after.removeprefix(before).splitlines(keepends=True)
        damaged = before + b"".join(b"?" + line[1:] for line in lost)
        (tmp_path / "s" / "ledger.jsonl").write_bytes(damaged)
        for _ in range(2):
            with opened(tmp_path, spec) as ledger:
                assert [*ledger.results] == [0, 2]
                assert models(ledger) == ["best-1.keras"]
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(1, 0.9, b"best", attempt=2))
        with opened(tmp_path, spec) as ledger:
            assert (ledger.best.trial, [*ledger.results], models(ledger)) == (1, [0, 2, 1], ["best-1.keras"])

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"other")])
    def test_a_best_without_its_model_is_trained_again(
        self, tmp_path: Path, spec: StudySpec, damage: Any
    ) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.4, b"good"))
            ledger.record(done(1, 0.9, b"best"))
            damage(ledger.best_model)
        with opened(tmp_path, spec) as ledger:
            assert [*ledger.results] == [0]
            ledger.record(done(1, 0.9, b"best"))
            assert ledger.best_model is not None and ledger.best_model.read_bytes() == b"best"
        assert [*Ledger.read(tmp_path / "s").results] == [0, 1]

    def test_what_a_crash_left_behind_goes(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0, 0.5))
            for name in ("best-7.keras", ".best-8.keras.123.tmp"):
                (ledger.directory / name).write_bytes(b"unrecorded")
        with opened(tmp_path, spec) as ledger:
            assert sorted(p.name for p in ledger.directory.iterdir()) == [
                ".driver.lock",
                "best-0.keras",
                "ledger.jsonl",
            ]


OBJECTIVES = [{"metric": "val_accuracy"}, {"metric": "parameters"}]
DIRECTIONS = ("maximize", "minimize")


def several(spec: StudySpec) -> StudySpec:
    """The same study, with two objectives."""
    return parse_spec({**spec.model_dump(mode="json"), "objective": {"metrics": OBJECTIVES}})


def placed(trial: int, accuracy: float, size: int, model: bytes | None = b"model") -> TrialResult:
    return done(trial, accuracy, model, values={"val_accuracy": accuracy, "parameters": size})


class TestFront:
    def test_the_models_of_all_that_none_beats_are_kept(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, several(spec)) as ledger:
            for trial, (accuracy, size) in enumerate([(0.5, 50), (0.9, 90), (0.4, 60), (0.3, 10)]):
                ledger.record(placed(trial, accuracy, size))
            assert models(ledger) == ["best-0.keras", "best-1.keras", "best-3.keras"]
            ledger.record(placed(4, 0.9, 50))
            assert models(ledger) == ["best-3.keras", "best-4.keras"]
            assert [result.trial for result in ledger.front.ranked] == [4, 3]
            assert (ledger.best, ledger.best_model) == (ledger.results[4], ledger.model(4))
            assert ledger.model(0) is None
        read = Ledger.read(tmp_path / "s")
        assert [*read.front.members] == [3, 4]
        assert read.results[4].values == {"val_accuracy": 0.9, "parameters": 50}

    def test_each_without_its_model_is_trained_again(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, several(spec)) as ledger:
            for trial in range(4):
                ledger.record(placed(trial, 0.1 * trial, 10 * trial, b"%d" % trial))
            ledger.model(1).unlink()  # type: ignore[union-attr]
            ledger.model(2).write_bytes(b"other")  # type: ignore[union-attr]
        with opened(tmp_path, several(spec)) as ledger:
            assert [*ledger.results] == [*ledger.front.members] == [0, 3]
            assert models(ledger) == ["best-0.keras", "best-3.keras"]

    def test_the_seconds_are_those_of_all_segments(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, several(spec)) as ledger:
            first = done(
                0, None, None, state=TrialState.PAUSED, history={"loss": [1.0]}, timings={"train": 2.0}
            )
            ledger.record(first)
            values = {"val_accuracy": 0.5, "parameters": 3, "seconds": 1.0}
            last = done(
                0, 0.5, history={"loss": [1.0, 0.5]}, timings={"train": 1.5, "save": 0.5}, values=values
            )
            assert ledger.record(last).values == {**values, "seconds": 3.5}
        assert Ledger.read(tmp_path / "s").results[0].values == {**values, "seconds": 3.5}

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_a_model_that_is_sent_unless_one_of_its_launch_is_better_is_there_in_the_end(
        self, tmp_path_factory: pytest.TempPathFactory, spec: StudySpec, data: st.DataObject
    ) -> None:
        """Trials run beside each other and end in any order; drivers come and go between them."""
        folder = tmp_path_factory.mktemp("front")
        pairs = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
        launched: dict[int, Any] = {}
        waiting = [*range(len(pairs))]
        while waiting or launched:
            with opened(folder, several(spec)) as ledger:
                for _ in range(data.draw(st.integers(1, 4))):
                    if waiting and (not launched or data.draw(st.booleans())):
                        launched[waiting.pop(0)] = ledger.front.values
                    elif launched:
                        trial = data.draw(st.sampled_from(sorted(launched)))
                        beaten = any(dominates(f, pairs[trial], DIRECTIONS) for f in launched.pop(trial))
                        ledger.record(placed(trial, *pairs[trial], None if beaten else b"%d" % trial))
        with opened(folder, several(spec)) as ledger:
            assert sorted(ledger.results) == [*range(len(pairs))]
            results = [placed(trial, *pair) for trial, pair in enumerate(pairs)]
            objective = Objective("val_accuracy", "maximize", ledger.header.metrics)
            expected = sorted(pareto_front(results, objective).members)
            assert sorted(ledger.front.members) == expected
            assert models(ledger) == [f"best-{trial}.keras" for trial in expected]
            assert all(ledger.model(trial).read_bytes() == b"%d" % trial for trial in expected)  # type: ignore


WRITER = """
import sys
from pathlib import Path
from sparktune.ledger import Ledger
from sparktune.spec import load_spec
from sparktune.trial import TrialResult, TrialState
ledger = Ledger.open(Path(sys.argv[1]), load_spec(sys.argv[2]), "d" * 64, "maximize")
print("ready", flush=True)
for trial in range(10 ** 6):
    if trial not in ledger.results:
        model = bytes(50_000)
        ledger.record(TrialResult(trial, {}, TrialState.COMPLETE, value=float(trial), model=model))
        print(trial, flush=True)
"""


@pytest.fixture
def config(tmp_path: Path, spec: StudySpec) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(json.dumps(spec.model_dump(mode="json")))
    return path


def writer(tmp_path: Path, config: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(tmp_path / "s"), str(config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class TestDeath:
    def test_what_a_killed_driver_recorded_is_there(
        self, tmp_path: Path, spec: StudySpec, config: Path
    ) -> None:
        recorded: list[int] = []
        for round_ in range(6):
            with writer(tmp_path, config) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                recorded += [int(process.stdout.readline()) for _ in range(3 + round_)]
                process.send_signal(signal.SIGKILL)
                recorded += [int(line) for line in process.stdout.read().split("\n") if line]
            with opened(tmp_path, spec) as ledger:
                assert set(recorded) <= set(ledger.results)
                assert len(ledger.results) <= len(recorded) + round_ + 1
                assert ledger.best is not None and ledger.best.trial == max(ledger.results)
                assert models(ledger) == [f"best-{ledger.best.trial}.keras"]
        assert len(recorded) == len(set(recorded))

    def test_a_live_driver_keeps_others_out_until_it_dies(
        self, tmp_path: Path, spec: StudySpec, config: Path
    ) -> None:
        with writer(tmp_path, config) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(
                StudyDirectoryError, match=f"another driver .process {process.pid} on host .*another name"
            ):
                opened(tmp_path, spec)
            assert Ledger.read(tmp_path / "s").study_id
            process.kill()
        opened(tmp_path, spec).close()

    def test_the_same_process_cannot_open_it_twice(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec), pytest.raises(StudyDirectoryError, match=f"process {os.getpid()}"):
            opened(tmp_path, spec)
        opened(tmp_path, spec).close()

    def test_a_line_torn_at_any_byte_is_cut_off(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            path = ledger.directory / "ledger.jsonl"
            ledger.record(done(0, 0.5))
            whole = path.read_bytes()
            ledger.record(done(1, 0.4, model=None))
        content = path.read_bytes()
        for size in range(len(whole), len(content)):
            path.write_bytes(content[:size])
            assert [*Ledger.read(path.parent).results] == [0]
            with opened(tmp_path, spec) as ledger:
                assert [*ledger.results] == [0]
                ledger.record(done(1, 0.4, model=None))
            assert [*Ledger.read(path.parent).results] == [0, 1]

    def test_zeros_after_a_power_cut_are_cut_off(self, tmp_path: Path, spec: StudySpec) -> None:
        with opened(tmp_path, spec) as ledger:
            ledger.record(done(0))
        path = tmp_path / "s" / "ledger.jsonl"
        path.write_bytes(path.read_bytes() + bytes(300) + b"\n")
        with opened(tmp_path, spec) as ledger:
            assert [*ledger.results] == [0]
            ledger.note(StudyEnded("FINISHED"))
        assert Ledger.read(path.parent).last(StudyEnded) == StudyEnded("FINISHED")

    def test_a_driver_that_died_before_its_first_line_left_nothing(
        self, tmp_path: Path, spec: StudySpec
    ) -> None:
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / ".driver.lock").touch()
        (folder / ".ledger.jsonl.99.tmp").write_text('{"form')
        with opened(tmp_path, spec) as ledger:
            assert not ledger.results
            assert sorted(p.name for p in folder.iterdir()) == [".driver.lock", "ledger.jsonl"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from sparktune.errors import SparktuneError
from sparktune.ledger import Ledger
from sparktune.spec import load_spec
from sparktune.trial import TrialResult, TrialState
def result(trial, model, error=""):
    return TrialResult(trial, {}, TrialState.COMPLETE, value=float(trial), model=model, error=error)
ledger = Ledger.open(Path(sys.argv[1]), load_spec(sys.argv[2]), "d" * 64, "maximize")
ledger.record(result(0, b"small"))
size = (ledger.directory / "ledger.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))
for model, error in [(bytes(100_000), ""), (None, "x" * 2000)]:
    try:
        ledger.record(result(1, model, error))
    except SparktuneError as error:
        assert "Free space, or move the folder" in str(error), error
        print("refused", sorted(p.name for p in ledger.directory.glob("*.keras")), list(ledger.results))
ledger.record(result(2, b"s"))
"""


@pytest.mark.fault("the disk is full while a record is written: it alone is lost")
def test_a_full_disk_is_an_error_and_costs_only_that_record(
    tmp_path: Path, spec: StudySpec, config: Path
) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "s"), str(config)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "refused ['best-0.keras'] [0]\n" * 2
    with opened(tmp_path, spec) as ledger:
        assert [*ledger.results] == [0, 2]
        assert models(ledger) == ["best-2.keras"]
