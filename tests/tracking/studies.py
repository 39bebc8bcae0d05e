"""A made-up study, and what MLflow shows of one, asked through its own client."""

from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from sparktune.bundle import Bundle, Lineage
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.columns.schema import Feature, Schema
from sparktune.spec import StudySpec, parse_spec
from sparktune.summary import BestTrial, Objective, Summary
from sparktune.tracking import MlflowTracker
from sparktune.tracking.mlflow.entries import StudyEntries
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.trial import TrialResult, TrialState

Records = list[TrialResult]


def study_spec(uri: str, **sections: object) -> StudySpec:
    """A study of six trials."""
    return parse_spec(
        {
            "study": {"name": "digits", "seed": 3},
            "data": {"source": "digits"},
            "search": {"space": {"neurons": [4, 8, 16], "learning_rate": [0.01, 0.1]}},
            "training": {"epochs": 3, "batch_size": 64},
            "tracking": {"uri": uri, "experiment": "lessons"},
            "output": {"directory": "somewhere"},
            **sections,
        }
    )


def complete(number: int, **changes: object) -> TrialResult:
    """A trial that went well: value 0.80 + number/100 in epoch 3, two seconds."""
    accuracy = [0.5, 0.7, (80 + number) / 100]
    fields: dict[str, object] = {
        "trial": number,
        "params": {"neurons": 4 << (number // 2), "learning_rate": [0.01, 0.1][number % 2]},
        "state": TrialState.COMPLETE,
        "value": accuracy[-1],
        "epoch": 3,
        "history": {"val_accuracy": accuracy, "val_loss": [1 - a for a in accuracy]},
        "timings": {"build": 0.5, "train": 1.5},
        "host": "executor-1",
    }
    return TrialResult(**{**fields, **changes})  # type: ignore[arg-type]


OBJECTIVE = Objective("val_accuracy", "maximize")


def entries_of(study_id: str) -> StudyEntries:
    """The entries of a study that is never written to the place that its spec names."""
    return StudyEntries(study_spec("sqlite:///unused.db"), study_id, OBJECTIVE)


def runs_of(uri: str, study_id: str) -> StudyRuns:
    """A study's runs, as a driver opens them."""
    runs = StudyRuns(uri, "lessons", study_id)
    runs.write_study(entries_of(study_id).study(1_000))
    return runs


def summary_of(results: Records) -> Summary:
    """A summary as the study writes it."""
    best = max((r for r in results if r.value is not None), key=lambda r: r.value or 0)
    states = {s.value: sum(r.state is s for r in results) for s in TrialState}
    return Summary(
        study="digits",
        study_id="1f2e",
        states={s: n for s, n in states.items() if n},
        stopped=None,
        objective=OBJECTIVE,
        best=BestTrial.of(best),
        test={"accuracy": 0.75},
        seconds=12.5,
    )


def bundle_of(folder: Path) -> Bundle:
    """What MLflow needs of the bundle of trial 5: all but a model that runs."""
    (folder / "model.keras").write_bytes(b"weights")
    manifest = Manifest(
        schema=Schema(
            features=(Feature(name="x"),), input_shape=(1,), task="binary", classes=("no", "yes"), outputs=1
        ),
        tensor=Tensor(shape=(1,), dtype="float32"),
        serving={},
        lineage=Lineage(
            study="digits",
            study_id="1f2e",
            trial=5,
            params=complete(5).params,
            metric="val_accuracy",
            direction="maximize",
            value=0.85,
            epoch=3,
            data_digest="ab" * 32,
        ),
        engines={"keras": "model.keras"},
        versions={},
        files={},
    )
    return Bundle(folder, manifest.sealed())


def tracker_of(spec: StudySpec, study_id: str) -> MlflowTracker:
    """A started tracker."""
    tracker = MlflowTracker()
    tracker.start(spec, study_id, OBJECTIVE)
    return tracker


@dataclass
class Shown:
    """Everything that MLflow shows of one study."""

    client: MlflowClient
    study: Run
    trials: dict[int, Run]

    def curve(self, number: int, metric: str) -> list[tuple[int, float]]:
        """Steps and values of a trial's metric, as stored."""
        points = self.client.get_metric_history(self.trials[number].info.run_id, metric)
        return [(p.step, p.value) for p in points]


def shown(uri: str, study_id: str, experiment: str = "lessons") -> Shown:
    """What is shown; fails unless there is one run for the study and one per trial, all nested in it."""
    client = MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    query = f"tags.`sparktune.study_id` = '{study_id}'"
    runs = client.search_runs([found.experiment_id], query, max_results=1000)
    (study,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == study.info.run_id]
    trials = {int(r.data.tags["sparktune.trial"]): r for r in nested}
    assert len(runs) == 1 + len(nested) == 1 + len(trials)
    return Shown(client, study, trials)
