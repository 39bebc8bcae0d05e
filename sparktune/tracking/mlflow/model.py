"""The exported model in the runs of its study."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sparktune.spec import StudySpec
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.trial import TrialResult

if TYPE_CHECKING:
    from sparktune.bundle import Bundle


def write_model(
    runs: StudyRuns,
    spec: StudySpec,
    bundle: "Bundle",
    best: Iterable[TrialResult],
    test: Mapping[str, float] | None,
) -> str:
    """Log the exported model to the study's own run and to that of its trial; gives its URI.

    `best` are the best trials, among them the model's; `test` are its metrics on the test split.
    """
    from sparktune.bundle import log_bundle

    trained = next((result for result in best if result.trial == bundle.lineage.trial), None)
    return log_bundle(
        bundle,
        spec.tracking.uri,
        str(runs.study),
        spec.tracking.registered_model_name,
        metrics=model_metrics(trained, test),
        trial_run_id=runs.trials.run_of(bundle.lineage.trial),
    )


def model_metrics(trained: TrialResult | None, test: Mapping[str, float] | None) -> dict[str, float]:
    """The metrics of a trial's model: those of its best epoch, and as `test.NAME` those on the test split."""
    epoch = trained.epoch or 0 if trained else 0
    curves = trained.history if trained else {}
    own = {name: values[epoch - 1] for name, values in curves.items() if 0 < epoch <= len(values)}
    return {**own, **{f"test.{name}": value for name, value in (test or {}).items()}}
