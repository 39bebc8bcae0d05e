"""From the best trial's model file to a verified bundle, in a process that has TensorFlow."""

import json
import math
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from sparktune.bundle import Bundle, export_bundle
from sparktune.data import Dataset
from sparktune.data.host import borrow
from sparktune.errors import BundleError, DataError, SparktuneError
from sparktune.launch.forkserver.call import answer_alone
from sparktune.report.measuring import measure
from sparktune.spec import StudySpec
from sparktune.spec.model import ModelSection
from sparktune.study.export import ExportRequest
from sparktune.training import evaluate
from sparktune.training.engine.structure import fully_described
from sparktune.training.kinds.base import kind_of
from sparktune.training.user_code import import_own_code
from sparktune.trial import TrialResult

TOLERANCE = 1e-5


def export(request: ExportRequest) -> dict[str, Any]:
    """Write the bundle, load it back, compute the reported metric again; then measure it on the test split.

    Gives `test`, the metrics on that split, None without one; and `evaluation`, the figures in detail on that
    split or else on the validation split, as JSON, None where they cannot be computed.

    Raises:
        BundleError: the bundle cannot be written, or does not give the metric that its trial reported.
    """
    spec, best = request.spec, request.best
    model, _ = spec.configured(best.params)
    import_own_code(model)  # registers the layers of the user's own
    with closing(borrow(request.data, _not_here)) as shared_data:
        data = shared_data.data
        engines = engines_of(model, request.model)
        bundle = export_bundle(
            request.model,
            data.schema,
            request.lineage,
            request.directory,
            engines=engines,
            example=data.example or data.train.x,
            verify_on=data.validation.x if len(data.validation) else data.train.x,
        )
        verify_export(bundle, data, spec, best)
        test = evaluate(bundle.model, data.test, spec, data.schema, best.params) if data.test else None
        return {"test": test, "evaluation": evaluation_of(bundle, data)}


def engines_of(section: ModelSection, model: Path) -> tuple[str, ...] | None:
    """The engines of the bundle, the one that predicts first; None where it may choose.

    Layers of the user's own that have no module, as those of a notebook, can be imported nowhere: then the
    SavedModel predicts, which needs no such import.
    """
    if kind_of(section).own_source is None:
        return None
    with ZipFile(model) as file:
        description = json.loads(file.read("config.json"))
    return None if fully_described(description) else ("tensorflow", "keras")


def evaluation_of(bundle: Bundle, data: Dataset) -> str | None:
    """The figures in detail, on the test split or else on the validation split, as JSON.

    None where neither has rows. What goes wrong is only a warning, so that the export does not fail for it.
    """
    rows = data.test or data.validation
    if not len(rows):
        return None
    try:
        return measure(bundle, rows, "test" if data.test else "validation").to_json().decode()
    except Exception as error:  # noqa: BLE001 - a model of the user's own may answer anything
        print(f"the exported model could not be evaluated in detail: {error!r}", file=sys.stderr)
        return None


def verify_export(bundle: Bundle, data: Dataset, spec: StudySpec, best: TrialResult) -> None:
    """Compute the reported validation metric again with the bundle's own model.

    An objective measured while training (without `val_`) cannot be computed again; the validation loss of the
    same epoch stands in for it. Without validation rows there is nothing to compute: the files' digests have
    been compared.

    Raises:
        BundleError: the metrics differ by more than 1e-5.
    """
    objective = bundle.lineage.metric
    if not len(data.validation):
        return
    metric = objective if objective.startswith("val_") else "val_loss"
    reported = best.history[metric][(best.epoch or 1) - 1]
    measured = evaluate(bundle.model, data.validation, spec, data.schema, best.params)
    again = measured[metric.removeprefix("val_")]
    if not math.isclose(again, reported, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
        raise BundleError(
            f"the exported model of trial {best.trial} gives {metric} {again!r}, but the trial reported "
            f"{reported!r}; keep the study directory and report this"
        )


def _not_here() -> Path:
    raise DataError("the data set must be shared on this host while its study exports, but is not")


def main() -> None:
    """Read an ExportRequest from standard input, answer with `test` or `error` on standard output."""
    request = ExportRequest.from_json(sys.stdin.read())
    with answer_alone() as file:
        try:
            answer = export(request)
        except (SparktuneError, OSError) as error:  # a model no longer the best one is removed meanwhile
            answer = {"error": str(error)}
        json.dump(answer, file)


if __name__ == "__main__":
    main()
