"""The driver loop over a launcher that a test steers, a real ledger and a real sampler."""

import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sparktune.errors import LaunchError, StudyFailed
from sparktune.launch.base import Launcher
from sparktune.ledger import Ledger
from sparktune.search import WAIT, Sampler, build_pruner, build_sampler
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.loop import StudyLoop
from sparktune.study.pruning import Pruning
from sparktune.study.stop import Stop
from sparktune.study.trial_queue import TrialQueue
from sparktune.summary import Objective
from sparktune.tracking import NullTracker
from sparktune.trial import Params, Segment, Trial, TrialReport, TrialResult, TrialState

SPEC = parse_spec(
    {
        "study": {"name": "loop", "seed": 3},
        "search": {"space": {"neurons": [1, 2, 3, 4, 5, 6]}},
        "resources": {"parallelism": 2},
    }
)


class ScriptedLauncher(Launcher):
    """Ends each trial in a thread of its own, the way `work` says; remembers what it was given."""

    def __init__(self, work, width: int = 2, waiting: int = 0) -> None:
        self.work = work
        self.width = width
        self.waiting = waiting
        self.launched: list[Trial] = []
        self.segments: list[Segment] = []
        self.jobs: list[list[int]] = []
        self.flying: dict[int, Future] = {}
        self.params: dict[int, Params] = {}
        self.most = 0

    def slots(self) -> int:
        return self.width

    def max_in_flight(self) -> int:
        return self.width + self.waiting

    def start(self, spec, shared) -> None:
        pass

    def launch(self, segments: list[Segment]) -> list[Future]:
        self.segments += segments
        self.jobs.append([segment.trial.number for segment in segments])
        return [self._start(segment.trial) for segment in segments]

    def _start(self, trial: Trial) -> Future:
        future: Future = Future()
        self.launched.append(trial)
        self.params[trial.number] = trial.params
        self.flying[trial.number] = future
        self.most = max(self.most, len(self.flying))
        threading.Thread(target=self._run, args=(trial, future), daemon=True).start()
        return future

    def _run(self, trial: Trial, future: Future) -> None:
        try:
            result = self.work(trial)
        except LaunchError as error:
            self.flying.pop(trial.number)
            future.set_exception(error)
            return
        if result is not None and self.flying.pop(trial.number, None):
            future.set_result(result)

    def cancel(self) -> None:
        for number in list(self.flying):
            if future := self.flying.pop(number, None):
                future.set_result(TrialResult(number, self.params[number], TrialState.KILLED))

    def close(self) -> None:
        pass


def value_is_neurons(trial: Trial) -> TrialResult:
    neurons = trial.params["neurons"]
    return TrialResult(
        trial.number, trial.params, TrialState.COMPLETE, float(neurons), 1, model=b"%d" % neurons
    )


def slowly(trial: Trial) -> TrialResult:
    time.sleep(0.05)
    return value_is_neurons(trial)


def queue_of(sampler: Sampler, ledger: Ledger) -> TrialQueue:
    return TrialQueue(sampler, ledger.sequence)


@pytest.fixture
def run(tmp_path: Path):
    def run(work, stop: Stop | None = None, spec=SPEC, sampler: Sampler | None = None, waiting: int = 0):
        launcher = ScriptedLauncher(work, waiting=waiting)
        seen: list[TrialResult] = []
        with Ledger.open(tmp_path / "loop", spec, "data", "maximize") as ledger:
            try:
                queue = queue_of(sampler or build_sampler(spec), ledger)
                StudyLoop(spec, queue, launcher, ledger, NullTracker(), seen.append).run(stop or Stop())
            finally:
                launcher.best = ledger.best
                launcher.states = {n: r.state for n, r in ledger.results.items()}
        launcher.seen = seen
        return launcher

    return run


def test_every_trial_runs_once_and_the_best_is_known(run):
    launcher = run(value_is_neurons)
    assert sorted(t.number for t in launcher.launched) == list(range(6))
    assert launcher.best.value == 6.0
    assert len(launcher.seen) == 6


@pytest.mark.parametrize(
    ("sampler", "metrics"),
    [("tpe", []), ("tpe", ["val_accuracy", "parameters"]), ("nsga2", ["val_accuracy", "parameters"])],
)
def test_a_study_that_learns_proposes_the_same_points_in_spite_of_two_interruptions(
    run, tmp_path, sampler, metrics
):
    """Trials end in any order, and a replay of the ledger gives every point again, bit for bit."""
    space = {"neurons": {"low": 1, "high": 4096, "log": True}, "learning_rate": {"low": 1e-4, "high": 1.0}}
    search = {"sampler": sampler, "trials": 36, "space": space}
    search |= {"options": {"population_size": 8}} if sampler == "nsga2" else {}
    objective = {"metrics": [{"metric": metric} for metric in metrics]}
    spec = parse_spec({"study": {"name": "loop", "seed": 3}, "search": search, "objective": objective})
    for most in (14, 12, 36):
        stop, done = Stop(), 0

        def work(trial: Trial, stop: Stop = stop, most: int = most) -> TrialResult | None:
            nonlocal done
            done += 1
            if done == most:
                stop.interrupt()
                return None  # cancelled
            time.sleep(0.05 if trial.number % 3 == 0 else 0.0)
            result = value_is_neurons(trial)
            both = {"val_accuracy": result.value or 0.0, "parameters": 3 * trial.params["neurons"]}
            return replace(result, values={name: both[name] for name in metrics})

        run(work, stop, spec, started(spec))
    sequence = Ledger.read(tmp_path / "loop").sequence
    launches = [event for event in sequence if isinstance(event, tuple)]
    ended = [event.trial for event in sequence if isinstance(event, TrialResult)]
    assert len(launches) == len(ended) == 36
    assert ended != sorted(ended)
    sizes = {params["neurons"] for _, params in launches}  # the larger the better, and the worse
    assert len(Ledger.read(tmp_path / "loop").front.members) == (len(sizes) if metrics else 1)
    replay = started(spec)
    for event in sequence:
        if isinstance(event, TrialResult):
            replay.tell(event)
        else:
            assert replay.ask(event[0]) == event[1]


def test_it_learns_of_trials_that_wait_for_their_promotion_and_proposes_the_same(tmp_path):
    """The replay of launches, reports and results gives every point again, though few trials have ended."""
    space = {"neurons": {"low": 1, "high": 4096, "log": True}, "learning_rate": {"low": 1e-4, "high": 1.0}}
    search = {"sampler": "tpe", "trials": 40, "space": space, "options": {"n_startup_trials": 5}}
    pruner = {"pruner": "asha", "max_epochs": 27, "reduction": 3}
    spec = parse_spec({"study": {"name": "loop", "seed": 3}, "search": {**search, **pruner}})
    for most in (20, 30, 1000):
        run_pruned(tmp_path / "loop", spec, most)
    ledger = Ledger.read(tmp_path / "loop")
    assert {result.epochs for result in ledger.results.values()} == {1, 3, 9, 27}
    replay, without_reports, same = started(spec), started(spec), []
    for event in ledger.sequence:
        if isinstance(event, TrialReport):
            replay.report(event)
        elif isinstance(event, TrialResult):
            replay.tell(event)
            without_reports.tell(event)
        else:
            assert replay.ask(event[0]) == event[1]
            same.append(without_reports.ask(event[0]) == event[1])
    assert all(same[:5]) and not any(same[30:]), "it learns from the reports"


@pytest.mark.parametrize(("seconds", "sizes"), [(0.001, [2, 2]), (1.0, [1, 1, 1, 1])])
def test_short_segments_of_promoted_trials_share_jobs_over_all_slots(tmp_path, seconds, sizes):
    pruner = {"pruner": "top", "keep": 4, "max_epochs": 27}
    spec = parse_spec({"study": {"name": "loop"}, "search": {"space": {"neurons": [*range(1, 9)]}, **pruner}})
    launcher = run_pruned(tmp_path / "loop", spec, 1000, seconds)
    promoted = [len(job) for job in launcher.jobs[-len(sizes) :]]
    assert promoted == sizes
    assert sorted(segment.trial.number for segment in launcher.segments[8:]) == [4, 5, 6, 7]
    assert [segment.start for segment in launcher.segments[8:]] == [1] * 4


def run_pruned(folder: Path, spec: StudySpec, most: int, seconds: float = 0.0) -> ScriptedLauncher:
    """A study with a pruner, whose trials give their neurons after every epoch; it stops at a segment.

    A segment says that it took so many seconds.
    """
    stop, done = Stop(), 0

    def work(trial: Trial) -> TrialResult | None:
        nonlocal done
        done += 1
        if done == most:
            stop.interrupt()
            return None  # cancelled
        time.sleep(0.02 if trial.number % 3 == 0 else 0.0)
        end = next(s.end for s in reversed(launcher.segments) if s.trial.number == trial.number)
        value = float(trial.params["neurons"])
        result = TrialResult(trial.number, trial.params, TrialState.COMPLETE, value, model=b"model")
        if end is not None:
            result = replace(result, state=TrialState.PAUSED, value=None, model=None)
        history = {"val_accuracy": [value] * (end or 27)}
        return replace(result, history=history, checkpoint="there", timings={"train": seconds})

    launcher = ScriptedLauncher(work)
    pruner = build_pruner(spec.search)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    with Ledger.open(folder, spec, "data", "maximize") as ledger:
        pruning = Pruning(pruner, ledger)
        held = [result.trial for result in pruning.earlier]
        queue = TrialQueue(started(spec), ledger.sequence, held=held)
        StudyLoop(spec, queue, launcher, ledger, NullTracker(), lambda _: None, pruning=pruning).run(stop)
    return launcher


def started(spec: StudySpec) -> Sampler:
    sampler = build_sampler(spec)
    several = tuple(Objective(entry.metric, entry.direction) for entry in spec.objective.metrics)
    sampler.set_objective(Objective("val_accuracy", "maximize", several))
    return sampler


def test_no_more_than_the_parallelism_fly_at_once(run):
    assert run(slowly).most == 2


def test_without_a_parallelism_the_slots_decide(run):
    spec = SPEC.model_copy(update={"resources": SPEC.resources.model_copy(update={"parallelism": None})})
    assert run(slowly, spec=spec).most == 2


def test_finished_trials_are_not_run_again(run):
    run(value_is_neurons)
    assert run(value_is_neurons).launched == []


def test_a_failed_trial_does_not_stop_the_others_and_is_not_tried_again(run):
    def work(trial: Trial) -> TrialResult:
        if trial.number == 1:
            return TrialResult(1, trial.params, TrialState.FAILED, error="boom")
        return value_is_neurons(trial)

    first = run(work)
    assert first.states[1] is TrialState.FAILED
    assert len(first.launched) == 6
    assert run(work).launched == []


def test_a_trial_hears_of_the_best_value_so_far(run):
    launcher = run(value_is_neurons)
    fronts = [t.front for t in launcher.launched]
    assert fronts[0] == ()
    assert fronts[5] == ((6.0,),)


def test_a_stop_kills_what_runs_and_the_next_run_takes_it_up(run):
    stop = Stop()

    def work(trial: Trial) -> TrialResult | None:
        if trial.number > 3:
            return value_is_neurons(trial)
        stop.interrupt()
        return None

    first = run(work, stop)
    killed = {r.trial for r in first.seen if r.state is TrialState.KILLED}
    assert killed and killed.isdisjoint(first.states)
    second = run(value_is_neurons)
    assert {t.number for t in second.launched} == set(range(6)) - set(first.states)
    attempts = {t.number: t.attempt for t in second.launched}
    assert all(attempts[number] == 2 for number in killed)
    assert attempts[0] == 1
    assert second.best.value == 6.0


def test_a_lost_cluster_ends_the_study_and_keeps_what_had_come_home(run, tmp_path):
    """Of four trials that are done before one is recorded, the first two have no result."""

    class AtOnce(ScriptedLauncher):
        def launch(self, segments):
            futures = [Future() for _ in segments]
            for segment, future in zip(segments, futures, strict=True):
                self.launched.append(segment.trial)
                if segment.trial.number >= 4:
                    future.set_exception(LaunchError(f"trial {segment.trial.number}: the cluster is gone"))
                else:
                    future.set_result(value_is_neurons(segment.trial))
            return futures

    launcher = AtOnce(None, width=4)
    with Ledger.open(tmp_path / "loop", SPEC, "data", "maximize") as ledger:
        loop = StudyLoop(SPEC, queue_of(build_sampler(SPEC), ledger), launcher, ledger, NullTracker(), print)
        with pytest.raises(LaunchError, match="trial 5: the cluster is gone"):
            loop.run(Stop())
        assert [trial.number for trial in launcher.launched] == [5, 4, 3, 2]
        assert {n: r.value for n, r in ledger.results.items()} == {2: 3.0, 3: 4.0}
    assert {t.number for t in run(value_is_neurons).launched} == {0, 1, 4, 5}


def test_seeds_follow_from_the_study_seed_and_the_parameters(run):
    seeds = {t.number: t.seed for t in run(value_is_neurons).launched}
    assert len(set(seeds.values())) == 6


def test_long_trials_come_first(run):
    assert [t.number for t in run(value_is_neurons).launched] == [5, 4, 3, 2, 1, 0]


def study_of(rates: int):
    """Few structures, many learning rates."""
    space = {"neurons": [1, 2], "learning_rate": [0.001 * n for n in range(1, rates + 1)]}
    return SPEC.model_copy(update={"search": SPEC.search.model_validate({"space": space})})


def test_short_trials_share_jobs_of_one_structure(run):
    launcher = run(value_is_neurons, spec=study_of(rates=20))
    assert sorted(number for job in launcher.jobs for number in job) == list(range(40))
    assert max(map(len, launcher.jobs)) > 4
    mixed = [job for job in launcher.jobs if len({number // 20 for number in job}) > 1]
    assert len(mixed) <= 1


def test_results_that_have_returned_are_recorded_before_more_is_launched(tmp_path):
    """However quick a launcher is, the trials that are not recorded yet do not pile up."""
    unrecorded: list[int] = []

    class AtOnce(ScriptedLauncher):
        def launch(self, segments):
            unrecorded.append(len(self.launched) - len(ledger.results))
            futures = [Future() for _ in segments]
            for segment, future in zip(segments, futures, strict=True):
                self.launched.append(segment.trial)
                future.set_result(value_is_neurons(segment.trial))
            return futures

    spec = study_of(40)
    with Ledger.open(tmp_path / "loop", spec, "data", "maximize") as ledger:
        queue = queue_of(build_sampler(spec), ledger)
        StudyLoop(spec, queue, AtOnce(None), ledger, NullTracker(), lambda result: None).run(Stop())
        assert len(ledger.results) == queue.size
    assert max(unrecorded) <= 2 * 16


def test_trials_that_take_long_have_a_job_each(run):
    def work(trial: Trial) -> TrialResult:
        return replace(value_is_neurons(trial), timings={"train": 30.0})

    launcher = run(work, spec=study_of(rates=10))
    assert {len(job) for job in launcher.jobs} == {1}


def test_alike_trials_that_train_as_one_share_a_job_however_long_they_take(run):
    def work(trial: Trial) -> TrialResult:
        return replace(value_is_neurons(trial), timings={"train": 30.0})

    spec = study_of(rates=8)
    resources = spec.resources.model_copy(update={"fuse": 8})
    launcher = run(work, spec=spec.model_copy(update={"resources": resources}))
    assert [len({number // 8 for number in job}) for job in launcher.jobs] == [1] * len(launcher.jobs)
    assert len(launcher.jobs[0]) == 8


def test_a_slot_goes_on_with_the_structure_it_knows(run):
    def work(trial: Trial) -> TrialResult:
        time.sleep(0.01 if trial.params["neurons"] == 1 else 0.02)
        return replace(value_is_neurons(trial), timings={"train": 30.0})

    launcher = run(work, spec=study_of(rates=4))
    first, second, *_ = (t.params["neurons"] for t in launcher.launched)
    assert {first, second} == {1, 2}


def test_the_outcome_of_an_interrupted_study_is_that_of_an_uninterrupted_one(run, tmp_path):
    stop = Stop()

    def work(trial: Trial) -> TrialResult:
        if trial.number == 3:
            stop.interrupt()
        return replace(value_is_neurons(trial), value=1.0)

    run(work, stop)
    assert run(work).best.trial == 0


def test_the_tail_begins_when_nothing_is_left_to_launch(tmp_path):
    launched, tails = [], []

    def work(trial: Trial) -> TrialResult:
        launched.append(trial.number)
        return value_is_neurons(trial)

    with Ledger.open(tmp_path / "loop", SPEC, "data", "maximize") as ledger:
        loop = StudyLoop(
            SPEC,
            queue_of(build_sampler(SPEC), ledger),
            ScriptedLauncher(work),
            ledger,
            NullTracker(),
            lambda _: None,
            lambda: tails.append((len(ledger.results), ledger.best)),
        )
        loop.run(Stop())
    assert tails
    assert all(done < 6 for done, _ in tails)
    assert len(launched) == 6


class Learning(Sampler):
    """Proposes six points, each after what it was told; remembers how far it was asked ahead."""

    size = None

    def __init__(self, lookahead: int = 0, trials: int = 6) -> None:
        self.ahead = lookahead
        self.trials = trials
        self.asked: list[int] = []
        self.told: list[int] = []
        self.most_ahead = 0

    @property
    def lookahead(self) -> int:
        return self.ahead

    def ask(self, number: int):
        if number == self.trials:
            return None
        self.asked.append(number)
        self.most_ahead = max(self.most_ahead, len(self.asked) - len(self.told))
        return {"neurons": number + 1}

    def tell(self, result: TrialResult) -> None:
        self.told.append(result.trial)


class Pairs(Learning):
    """Waits until both trials of a pair have ended."""

    def ask(self, number: int):
        return WAIT if number % 2 == 0 and len(self.told) < number else super().ask(number)


@pytest.mark.parametrize(("lookahead", "most"), [(0, 2), (1, 3), (3, 5)])
def test_a_sampler_that_learns_is_asked_when_a_slot_needs_work(run, lookahead, most):
    sampler = Learning(lookahead)
    launcher = run(slowly, sampler=sampler, waiting=4)
    assert sampler.asked == list(range(6)) == sorted(sampler.told)
    assert sampler.most_ahead == most
    assert all(len(job) == 1 for job in launcher.jobs)


def test_a_sampler_that_waits_is_asked_again_after_the_next_result(run):
    sampler = Pairs()
    launcher = run(slowly, sampler=sampler)
    assert [t.number for t in launcher.launched] == list(range(6))
    assert sampler.most_ahead == 2


def test_a_sampler_that_waits_for_nothing_is_an_error(run):
    class Idle(Learning):
        def ask(self, number: int):
            return WAIT

    with pytest.raises(StudyFailed, match=r"Idle.ask must give parameters or None .* WAIT for trial 0"):
        run(value_is_neurons, sampler=Idle())


def test_a_resumed_study_asks_only_for_trials_that_were_never_launched(run):
    stop = Stop()

    def work(trial: Trial) -> TrialResult | None:
        if trial.number < 3:
            return value_is_neurons(trial)
        stop.interrupt()
        return None

    first = run(work, stop, sampler=Learning())
    launched = {t.number for t in first.launched}
    again = Learning()
    second = run(value_is_neurons, sampler=again)
    assert again.asked == [n for n in range(6) if n not in launched]
    assert again.told[: len(first.states)] == list(first.states)
    assert sorted(again.told) == list(range(6))
    assert {t.number: t.params["neurons"] for t in second.launched} == {
        n: n + 1 for n in range(6) if n not in first.states
    }


def test_a_paused_trial_goes_on_at_once_from_its_checkpoint(run):
    def work(trial: Trial) -> TrialResult:
        epochs = seen.get(trial.number, 0) + 1
        seen[trial.number] = epochs
        if epochs == 3:
            return value_is_neurons(trial)
        history = {"loss": [1.0] * epochs}
        return TrialResult(
            trial.number, trial.params, TrialState.PAUSED, history=history, checkpoint=f"after-{epochs}"
        )

    seen: dict[int, int] = {}
    launcher = run(work)
    assert set(launcher.states.values()) == {TrialState.COMPLETE}
    of_first = [(s.start, s.checkpoint, s.seconds) for s in launcher.segments if s.trial.number == 0]
    assert of_first == [(0, None, 60.0), (1, "after-1", 60.0), (2, "after-2", 60.0)]


def test_a_trial_without_a_checkpoint_begins_anew_and_goes_on_to_its_end(run):
    def work(trial: Trial) -> TrialResult:
        if (trial.number, len(seen)) == (0, 0):
            seen.append(0)
            return TrialResult(0, trial.params, TrialState.PAUSED, history={"loss": [1.0]})
        return value_is_neurons(trial)

    seen: list[int] = []
    launcher = run(work)
    of_first = [(s.start, s.checkpoint, s.seconds) for s in launcher.segments if s.trial.number == 0]
    assert of_first == [(0, None, 60.0), (0, None, None)]


def test_a_resumed_study_goes_on_from_checkpoints(run):
    stop = Stop()

    def work(trial: Trial) -> TrialResult:
        stop.interrupt()
        content, history = b"state %d" % trial.number, {"loss": [1.0, 0.5]}
        return TrialResult(
            trial.number, trial.params, TrialState.PAUSED, history=history, checkpoint_bytes=content
        )

    paused = run(work, stop).segments
    again = run(value_is_neurons)
    assert len(again.states) == 6
    for segment in again.segments:
        if segment.trial.number in {one.trial.number for one in paused}:
            assert (segment.start, segment.trial.attempt) == (2, 2)
            assert Path(segment.checkpoint or "").name == f"{segment.trial.number}-2.checkpoint"
        else:
            assert (segment.start, segment.checkpoint) == (0, None)


@pytest.mark.parametrize("answer", [3, "neurons=4", {1: 2}, {"neurons": object()}, {"rate": float("nan")}])
def test_an_answer_that_is_no_set_of_parameters_is_named(run, answer):
    class Odd(Learning):
        def ask(self, number: int):
            return answer

    with pytest.raises(StudyFailed, match=r"Odd.ask must give parameters .* but gave .* for trial 0"):
        run(value_is_neurons, sampler=Odd())


def test_numbers_of_numpy_are_parameters(run):
    class Arrays(Learning):
        def ask(self, number: int):
            return super().ask(number) and {"neurons": np.int64(number + 1), "rate": np.float32(0.5)}

    launched = run(value_is_neurons, sampler=Arrays()).launched
    assert [type(t.params["rate"]) for t in launched] == [float] * 6
    assert sorted(t.params["neurons"] for t in launched) == list(range(1, 7))


def test_a_negative_lookahead_is_refused(run):
    with pytest.raises(StudyFailed, match=r"Learning.lookahead must be None or at least 0, but is -1"):
        run(value_is_neurons, sampler=Learning(-1))


def test_a_trial_whose_segments_took_too_long_ends_and_is_told(run) -> None:
    """What a segment took counts for those after it; the last one may end just after the limit."""
    limited = parse_spec({**SPEC.model_dump(mode="json"), "resources": {"trial_seconds": 7.0}})
    told: list[TrialResult] = []

    class Learning(type(build_sampler(SPEC))):  # type: ignore[misc]
        def tell(self, result: TrialResult) -> None:
            told.append(result)

    def work(trial: Trial) -> TrialResult:
        if trial.number:
            return value_is_neurons(trial)
        history = {"loss": [1.0] * (done[0] + 1)}
        done[0] += 1
        timings = {"train": 4.0}
        return TrialResult(0, trial.params, TrialState.PAUSED, history=history, timings=timings)

    done = [0]
    launcher = run(work, spec=limited, sampler=Learning.from_spec(SPEC.search, 3))
    assert launcher.states[0] is TrialState.TIMED_OUT
    assert [s.trained_seconds for s in launcher.segments if s.trial.number == 0] == [0.0, 4.0]
    (late,) = (result for result in told if result.trial == 0)
    assert (late.state, late.seconds, late.epochs) == (TrialState.TIMED_OUT, 8.0, 2)
    assert "had not ended after 8.0 s" in (late.complaint or "")


def test_seconds_in_which_a_host_stood_still_end_no_trial(run) -> None:
    limited = parse_spec({**SPEC.model_dump(mode="json"), "resources": {"trial_seconds": 7.0}})
    paused: list[TrialResult] = []

    def work(trial: Trial) -> TrialResult:
        result = value_is_neurons(trial)
        if trial.number == 0:
            result = replace(result, timings={"train": 110.0}, stood_still=108.0)
            if not paused:
                paused.append(replace(result, state=TrialState.PAUSED, history={"loss": [1.0]}))
                return paused[0]
        return result

    launcher = run(work, spec=limited)
    assert [s.trained_seconds for s in launcher.segments if s.trial.number == 0] == [0.0, 2.0]
    *_, last = (result for result in launcher.seen if result.trial == 0)
    assert (last.state, last.seconds, last.counted_seconds) == (TrialState.COMPLETE, 220.0, 4.0)
