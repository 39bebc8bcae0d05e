"""From the best trial to a bundle that was loaded back and found equal."""

import math
from pathlib import Path

from sparktune.bundle import Bundle, Lineage, export_bundle, load_bundle
from sparktune.data import Dataset
from sparktune.errors import BundleError
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec
from sparktune.training import Objective, evaluate
from sparktune.trial import TrialResult

TOLERANCE = 1e-5


def export_best(spec: StudySpec, data: Dataset, objective: Objective, ledger: Ledger) -> Bundle | None:
    """The verified bundle of the best trial so far; None where no trial has a value.

    Raises:
        BundleError: the exported model does not give the metric that its trial reported.
    """
    best, model_file = ledger.best, ledger.best_model
    if best is None or model_file is None:
        return None
    bundle = _existing(ledger.directory / "bundle", ledger.study_id, best)
    if bundle is None:
        lineage = _lineage(spec, data, objective, ledger.study_id, best)
        bundle = export_bundle(model_file, data.schema, lineage, ledger.directory / "bundle")
        verify(bundle, data, spec, objective, best)
    return bundle


def verify(bundle: Bundle, data: Dataset, spec: StudySpec, objective: Objective, best: TrialResult) -> None:
    """Compute the reported validation metric again with the bundle's own model.

    An objective measured while training (without `val_`) cannot be computed again; the validation loss of the
    same epoch stands in for it.
    """
    metric = objective.metric if objective.metric.startswith("val_") else "val_loss"
    reported = best.history[metric][(best.epoch or 1) - 1]
    again = evaluate(bundle.model, data.validation, spec, data.schema, best.params)[
        metric.removeprefix("val_")
    ]
    if not math.isclose(again, reported, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
        raise BundleError(
            f"the exported model of trial {best.trial} gives {metric} {again!r}, but the trial reported "
            f"{reported!r} ({bundle.path}); keep the study directory and report this"
        )


def _existing(folder: Path, study_id: str, best: TrialResult) -> Bundle | None:
    """The bundle of an earlier run of this study, where it holds the same trial."""
    if not (folder / "manifest.json").exists():
        return None
    bundle = load_bundle(folder)
    same = bundle.lineage.study_id == study_id and bundle.lineage.trial == best.trial
    return bundle if same else None


def _lineage(
    spec: StudySpec, data: Dataset, objective: Objective, study_id: str, best: TrialResult
) -> Lineage:
    return Lineage.model_validate(
        {
            "study": spec.study.name,
            "study_id": study_id,
            "trial": best.trial,
            "params": best.params,
            "metric": objective.metric,
            "direction": objective.direction,
            "value": best.value,
            "epoch": best.epoch,
            "data_digest": data.digest,
        }
    )
