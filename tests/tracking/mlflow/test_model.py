"""The exported model in the runs of its study."""

from pathlib import Path

from sparktune.summary import DataSummary
from sparktune.tracking.mlflow.model import model_metrics
from tests.tracking.studies import bundle_of, complete, shown, study_spec, summary_of, tracker_of

SIX = [complete(number) for number in range(6)]


def test_a_model_has_the_metrics_of_its_epoch_and_of_the_test_split() -> None:
    trained = complete(5, epoch=2)
    assert model_metrics(trained, {"accuracy": 0.75}) == {
        "val_accuracy": 0.7,
        "val_loss": 1 - 0.7,
        "test.accuracy": 0.75,
    }
    assert model_metrics(None, None) == {}


def test_the_best_trial_shows_the_model_and_its_metrics_and_its_curve_once(
    store: str, tmp_path: Path
) -> None:
    tracker = tracker_of(study_spec(store), "model")
    tracker.loaded(DataSummary("ab" * 32, {"train": 80}))
    for result in SIX:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(SIX))
    tracker.exported(bundle_of(tmp_path))
    assert tracker.close(90)
    seen = shown(store, "model")
    best = seen.trials[5]
    (model,) = seen.client.search_logged_models([seen.study.info.experiment_id])
    assert [output.model_id for output in best.outputs.model_outputs] == [model.model_id]
    found = {metric.key: (metric.value, metric.step, metric.run_id) for metric in model.metrics}
    assert found["val_accuracy"] == (0.85, 3, best.info.run_id)
    assert {metric.dataset_name for metric in model.metrics} == {"digits"}
    assert found["test.accuracy"] == (0.75, 3, best.info.run_id)
    assert seen.curve(5, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.85)]
