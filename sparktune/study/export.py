"""The best trial's bundle, made in a fork that has TensorFlow so that the driver need not load it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sparktune.bundle import Bundle, load_bundle
from sparktune.data.host import HostData
from sparktune.errors import BundleError
from sparktune.launch import run_module
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec
from sparktune.training import Objective
from sparktune.trial import TrialResult

Metrics = dict[str, float]
Exported = tuple[Bundle | None, Metrics | None]
MODULE = "sparktune.study.exporting"  # not imported here: a module that is run must not be loaded before


@dataclass(frozen=True)
class Request:
    """What an export needs: the spec, the key of the data, the best trial, and where its files lie."""

    spec: dict[str, Any]
    data: dict[str, Any]
    best: dict[str, Any]
    lineage: dict[str, Any]
    model: str
    directory: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def export_best(spec: StudySpec, held: HostData, objective: Objective, ledger: Ledger) -> Exported:
    """The verified bundle of the best trial so far, and its metrics on the test split, scored this once.

    Both are None where no trial has a value; the metrics also where there is no test split.

    Raises:
        BundleError: the exported model does not give the metric that its trial reported.
    """
    best, model_file = ledger.best, ledger.best_model
    if best is None or model_file is None:
        return None, None
    folder = ledger.directory / "bundle"
    exported = next((note.fields for note in reversed(ledger.notes) if note.kind == "exported"), None)
    if exported and exported["trial"] == best.trial and (folder / "manifest.json").exists():
        return load_bundle(folder), exported["test"]
    request = Request(
        spec=spec.model_dump(mode="json"),
        data=asdict(held.key),
        best=best.to_record(),
        lineage=_lineage(spec, held, objective, ledger.study_id, best),
        model=str(model_file),
        directory=str(folder),
    )
    answer = json.loads(run_module(MODULE, request.to_json()))
    if "error" in answer:
        raise BundleError(answer["error"])
    ledger.note("exported", trial=best.trial, test=answer["test"])
    return load_bundle(folder), answer["test"]


def _lineage(
    spec: StudySpec, held: HostData, objective: Objective, study_id: str, best: TrialResult
) -> dict[str, Any]:
    return {
        "study": spec.study.name,
        "study_id": study_id,
        "trial": best.trial,
        "params": best.params,
        "metric": objective.metric,
        "direction": objective.direction,
        "value": best.value,
        "epoch": best.epoch,
        "data_digest": held.data.digest,
    }
