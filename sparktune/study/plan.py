"""What a study would do, found out without starting it: the checks of `tune`, and nothing is written."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Literal, final

from sparktune.columns.schema import Feature, Label, Task
from sparktune.data import Dataset
from sparktune.data.packed import packed_size
from sparktune.errors import StudyDirectoryError
from sparktune.launch.jvm.java import check_java
from sparktune.launch.local.launcher import local_slots
from sparktune.launch.spark.configured import spark_slots
from sparktune.ledger import Ledger
from sparktune.ledger.lock import is_driven
from sparktune.ledger.ownership import LEDGER, LOCK, check_directory, check_same, check_writable
from sparktune.search import build_sampler
from sparktune.spec import StudySpec
from sparktune.spec.idle import idle_fields
from sparktune.study.check import check_study
from sparktune.study.column_table import ColumnRow, column_table
from sparktune.study.model_sizes import bounded_size
from sparktune.study.runtime import Runtime
from sparktune.study.warm_start import read_warm_start
from sparktune.study.weighted_metrics import with_weighted_metrics
from sparktune.summary import Objective
from sparktune.tracking import MlflowTracker
from sparktune.training import resolve_objective

log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class StudyPlan:
    """What `tune` would run.

    `trials` is their number, None where that is open; `done` of them have ended in earlier runs. `slots` is
    how many run at once, None where only the cluster knows. `rows` counts them by split, `bytes` is the size
    of the data in memory, once for each host. `columns` has those that are left out, too. `classes` is empty
    for regression.
    """

    study: str
    directory: Path
    trials: int | None
    done: int
    launcher: Literal["local", "spark"]
    slots: int | None
    objective: Objective
    rows: dict[str, int]
    bytes: int
    features: tuple[Feature, ...]
    columns: tuple[ColumnRow, ...]
    label: str
    task: Task
    classes: tuple[Label, ...]

    def to_record(self) -> dict[str, Any]:
        """A JSON object."""
        values = {**vars(self), "directory": str(self.directory), "objective": self.objective.to_record()}
        features = [f.model_dump(mode="json") for f in self.features]
        columns = [asdict(column) for column in self.columns]
        return {**values, "features": features, "columns": columns, "classes": [*self.classes]}


def plan_study(spec: StudySpec, offline: bool = False) -> StudyPlan:
    """Check a study as `tune` does before its first trial, and say what it would run.

    Spark starts only where the data are a table or a query, TensorFlow only for a builder or callbacks of
    the user's own.

    Raises:
        InputError: what `tune` would refuse. LaunchError: trials run on Spark, but there is no Java for it.
    """
    for sentence in idle_fields(spec):
        log.warning(sentence)
    if not offline:
        MlflowTracker().check(spec)
    runtime = Runtime(spec)
    if runtime.on_spark:
        check_java()
    data = runtime.load(None)
    spec = with_weighted_metrics(spec, data)
    objective = resolve_objective(spec, data.schema)
    check_study(spec, data)
    read_warm_start(spec, objective)
    sampler = build_sampler(spec)
    with bounded_size(sampler, spec, data.schema):
        trials = sampler.size
    return StudyPlan(
        study=spec.study.name,
        directory=spec.study_directory,
        trials=trials,
        done=_trials_done(spec.study_directory, spec, data, objective),
        launcher="spark" if runtime.on_spark else "local",
        slots=spark_slots(spec.resources) if runtime.on_spark else local_slots(spec.resources),
        objective=objective,
        rows=data.summary.rows,
        bytes=packed_size(data),
        features=data.schema.features,
        columns=column_table(spec, data),
        label=data.schema.label,
        task=data.schema.task,
        classes=data.schema.label_map,
    )


def _trials_done(directory: Path, spec: StudySpec, data: Dataset, objective: Objective) -> int:
    """The trials that need not run again.

    Raises:
        StudyDirectoryError: the directory belongs to another study or a live driver, or cannot be written.
    """
    check_directory(directory)
    check_writable(directory)
    if not (directory / LEDGER).exists():
        return 0
    if is_driven(directory / LOCK):
        raise StudyDirectoryError(
            f"{directory} is in use by a driver that runs; "
            f"`sparktune status {quote(str(directory))}` says how far it is"
        )
    ledger = Ledger.read(directory)
    check_same(ledger.header, spec, data.digest, objective.direction, directory)
    return len(ledger.results)
