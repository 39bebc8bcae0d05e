"""What trials do in the launchers' tests instead of training; `params["do"]` names one of these."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sparktune.columns.schema import Feature, Schema
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.digest import digest_of
from sparktune.spec import StudySpec
from sparktune.trial import Segment, Trial, TrialResult, TrialState


def tiny_data(rows: int = 8) -> Dataset:
    """Points on a line."""
    x = np.arange(rows, dtype="float32").reshape(rows, 1)
    points = Rows(x, 2 * x[:, 0] - 1)
    schema = Schema(features=(Feature(name="x"),), input_shape=(1,), task="regression", outputs=1)
    return Dataset(points, points, None, schema, digest_of([points, points, None], schema))


def tiny_spec(**resources: object) -> StudySpec:
    """A study of anything."""
    return StudySpec.model_validate(
        {
            "study": {"name": "contract"},
            "model": {"builder": "tests.launch.works:act"},
            "search": {"space": {"do": ["value"]}},
            "resources": resources,
        }
    )


def result(trial: Trial, **fields: object) -> TrialResult:
    return TrialResult(trial.number, trial.params, TrialState.COMPLETE, **fields)  # type: ignore[arg-type]


def value(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    told = {
        "seed": str(trial.seed),
        "front": str(trial.front),
        "rows": str(len(data.train)),
        "study": spec.study.name,
        "folder": str(spec.study_directory.absolute()),
        "process": str(os.getpid()),
        "data": str(id(data)),
        "threads": os.environ.get("TF_NUM_INTRAOP_THREADS", ""),
        "gpus": gpus,
        "first_gpus": os.environ.setdefault(f"FIRST_GPUS_{os.getpid()}", gpus),  # what CUDA would have seen
    }
    history = {"val_loss": [0.1 + 0.2, float("nan")]}
    return result(trial, value=0.5, epoch=1, history=history, host=json.dumps(told), model=b"\x00weights")


def bulky(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    return result(trial, value=0.5, model=bytes(trial.params["bytes"]))


def nap(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    time.sleep(trial.params["seconds"])
    return result(trial)


def meet(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """End when `count` trials are in the room at the same time."""
    room = Path(trial.params["room"])
    (room / str(trial.number)).touch()
    return wait_for(trial, lambda: len(list(room.iterdir())) >= trial.params["count"])


def copied(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """The first attempt ends when a second one has begun beside it, which goes on."""
    log = Path(trial.params["log"])
    return wait_for(trial, lambda: trial.attempt == 1 and len(log.read_text().splitlines()) > 1)


def hold(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Keep the slot until the file `until` is there."""
    return wait_for(trial, Path(trial.params["until"]).exists)


def wait_for(trial: Trial, condition: Callable[[], bool]) -> TrialResult:
    deadline = time.monotonic() + 45
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nobody came")
        time.sleep(0.02)
    return result(trial)


def beat(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Never end; touch a file as long as it lives."""
    while True:
        Path(trial.params["pulse"]).write_text(str(time.time()))
        time.sleep(0.05)


def blunder(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    raise ValueError("no such optimizer")


def leave(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    sys.exit(3)


def nothing(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    return None  # type: ignore[return-value]


def odd(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    return result(trial, timings={"lock": object()})


def vanish(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    os._exit(1)


def crash(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    ctypes.string_at(0)
    raise AssertionError("a null pointer was read")


def killed(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("survived SIGKILL")


def depart(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """End the process without a word, with this exit code."""
    os._exit(trial.params["code"])


def fell(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """End the executor that this runs on."""
    process = os.getpid()
    while "CoarseGrainedExecutorBackend" not in Path(f"/proc/{process}/cmdline").read_text():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(process, signal.SIGKILL)
    time.sleep(60)
    raise AssertionError("outlived its executor")


HOARD: list[bytearray] = []


def grow(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Keep so many bytes for ever."""
    HOARD.append(bytearray(b"\x01") * trial.params["bytes"])
    return value(trial, spec, data)


def stall(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Never end, asleep."""
    while True:
        time.sleep(60)


def employ(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Start a process that outlives the trial, with its number in the file `helper`; hang if that is said."""
    helper = subprocess.Popen(["sleep", "60"])
    Path(trial.params["helper"]).write_text(str(helper.pid))
    return stall(trial, spec, data) if trial.params.get("hangs") else value(trial, spec, data)


def spin(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Never end, in one call of C that keeps Python's lock."""
    re.match(r"(a+)+$", "a" * 60 + "b")
    raise AssertionError("the search ended")


def hog(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Take a GB as fast as can be, and keep it."""
    held = [bytearray(b"\x01") * 10**7 for _ in range(100)]
    time.sleep(60)
    raise AssertionError(f"nobody minded {len(held)} pieces")


def lack(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Ask for more memory than there can be."""
    np.empty(2**60, np.uint8)
    raise AssertionError("there was so much")


WELL = (grow, value, employ, bulky, nap, meet, copied, hold, beat)
ILL = (fell, stall, spin, hog, lack, depart, blunder, leave, nothing, odd, vanish, crash, killed)
ACTIONS = {action.__name__: action for action in WELL + ILL}


def act(segment: Segment, spec: StudySpec, data: Dataset) -> TrialResult:
    """Do what the trial says, and leave a line per attempt where it says."""
    trial = segment.trial
    if "log" in trial.params:
        with Path(trial.params["log"]).open("a") as file:
            file.write(f"{trial.attempt} {os.getpid()}\n")
    if trial.attempt >= trial.params.get("well_from", 99):
        return value(trial, spec, data)
    return ACTIONS[trial.params["do"]](trial, spec, data)
