"""Studies whose trials only wait, in the real loop with the real ledger, tracker and launcher."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from processes import tree_cpu

from sparktune.data import Dataset, Feature, Rows, Schema
from sparktune.data.host import share
from sparktune.launch import SparkLauncher, Work, open_session
from sparktune.ledger import Ledger
from sparktune.search import build_sampler
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.loop import StudyLoop
from sparktune.study.stop import Stop
from sparktune.study.trial_queue import TrialQueue
from sparktune.summary import Objective
from sparktune.tracking import MlflowTracker
from sparktune.trial import Segment, TrialResult, TrialState

DRAIN_SECONDS = 600.0


@dataclass
class Course:
    """How a study went: when each trial came home (seconds), CPU seconds of all processes at 0 and `marks`.

    `drain` is how long MLflow took to catch up after the last trial.
    """

    started: float
    ends: list[float] = field(default_factory=list)
    cpu: dict[int, float] = field(default_factory=dict)
    drain: float = 0.0

    def seconds(self, first: int, last: int) -> float:
        """Wall seconds per trial from the end of trial `first` to that of trial `last` (counted from 1)."""
        return (self.ends[last - 1] - self.ends[first - 1]) / (last - first)

    def cpu_seconds(self, first: int, last: int) -> float:
        """CPU seconds per trial between the same ends; both must be marks."""
        return (self.cpu[last] - self.cpu[first]) / (last - first)


def waiting(seconds: float) -> Work:
    """Work that waits, then reports five epochs of four metrics."""

    def work(segment: Segment, spec: StudySpec, data: Dataset) -> TrialResult:
        trial = segment.trial
        time.sleep(seconds)
        epochs = [0.5] * 5
        history = {"loss": epochs, "accuracy": epochs, "val_loss": epochs, "val_accuracy": epochs}
        return TrialResult(
            trial.number,
            trial.params,
            TrialState.COMPLETE,
            value=0.5,
            epoch=5,
            history=history,
            timings={"train": seconds},
        )

    return work  # an inner function: it is sent to the workers by value


def open_idle_session(app_name: str) -> Any:
    """A session as `tune` opens it for a study whose data are no tables: its JVM only schedules."""
    return open_session(parse_spec({"search": {"space": {"neurons": [1]}}}), app_name)


def run_idle_study(
    spark: Any, folder: Path, trials: int, at_once: int, seconds: float = 0.0, marks: tuple[int, ...] = ()
) -> Course:
    """Run a study of `trials` trials in a new folder, `at_once` at a time, each of `seconds`."""
    spec, data = _spec(folder, trials, at_once), _data()
    tracker = MlflowTracker()
    with Ledger.open(folder / "study", spec, data.digest, "maximize") as ledger:
        tracker.start(spec, folder.name, Objective("val_accuracy", "maximize"))
        tracker.wait(60)
        launcher = SparkLauncher(spark, waiting(seconds))
        with closing(share(data)) as shared, launcher:
            launcher.start(spec, shared)
            course = Course(time.perf_counter(), cpu={0: tree_cpu(os.getpid())})
            queue = TrialQueue(build_sampler(spec), ledger.sequence)
            loop = StudyLoop(spec, queue, launcher, ledger, tracker, _watch(course, marks))
            loop.run(Stop())
    drained = time.perf_counter()
    tracker.finish("FINISHED", None)
    tracker.close(DRAIN_SECONDS)
    course.drain = time.perf_counter() - drained
    return course


def _watch(course: Course, marks: tuple[int, ...]) -> Callable[[TrialResult], None]:
    def on_result(result: TrialResult) -> None:
        if result.state is not TrialState.COMPLETE:
            raise RuntimeError(f"trial {result.trial} is {result.state}: {result.error}")
        course.ends.append(time.perf_counter())
        if len(course.ends) in marks:
            course.cpu[len(course.ends)] = tree_cpu(os.getpid())

    return on_result


def _spec(folder: Path, trials: int, at_once: int) -> StudySpec:
    folder.mkdir(parents=True)
    return parse_spec(
        {
            "study": {"name": "idle"},
            "search": {"space": {"neurons": {"low": 1, "high": trials}}, "sampler": "grid"},
            "resources": {"parallelism": at_once},
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
            "output": {"directory": str(folder)},
        }
    )


def _data() -> Dataset:
    rows = Rows(np.zeros((8, 1), "float32"), np.zeros(8, "int32"))
    schema = Schema(features=(Feature(name="x"),), input_shape=(1,), task="classes", outputs=2)
    return Dataset(rows, rows, None, schema, "idle")
