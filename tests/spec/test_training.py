"""Names and numbers of the training section."""

import pytest
from pydantic import ValidationError

from sparktune.spec import StudySpec, TrainingSpec
from sparktune.spec.training import in_full


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("rmse", "root_mean_squared_error"),
        ("val_mae", "val_mean_absolute_error"),
        ("val_weighted_mse", "val_weighted_mean_squared_error"),
        ("weighted_auc", "weighted_auc"),
        ("loss", "loss"),
        (3, 3),
    ],
)
def test_short_names_are_written_out(given, expected):
    assert in_full(given) == expected


def test_a_batch_of_all_rows_has_as_many_as_there_are():
    assert TrainingSpec(batch_size="all").batch_rows(70) == 70
    assert TrainingSpec(batch_size=32).batch_rows(70) == 32


@pytest.mark.parametrize("batch_size", [0, -1, "some", 1.5, True, None])
def test_other_batches_are_refused(batch_size):
    with pytest.raises(ValidationError):
        TrainingSpec(batch_size=batch_size)


def test_lists_of_metrics_and_callbacks_are_not_searched():
    names = TrainingSpec.searchable()
    assert {"batch_size", "loss", "optimizer"} <= set(names)
    assert not {"metrics", "weighted_metrics", "callbacks"} & set(names)


def test_studies_without_weighted_metrics_keep_their_identity():
    none, empty, one = (StudySpec(training={"weighted_metrics": given}) for given in (None, [], ["f1"]))
    assert "weighted_metrics" not in none.identity()["training"]
    assert none.digest() == empty.digest() != one.digest()


def test_labels_of_class_weights_are_text():
    assert TrainingSpec(class_weight={1: 2.0}).class_weight == {"1": 2.0}


def test_a_study_without_histograms_is_what_it_was_before_there_were_any() -> None:
    given = {"kind": "tensorboard", "directory": "logs"}
    (callback,) = TrainingSpec(callbacks=[given]).callbacks
    assert callback.model_dump(mode="json") == given
    (callback,) = TrainingSpec(callbacks=[{**given, "histogram_freq": 5}]).callbacks
    assert callback.model_dump(mode="json") == {**given, "histogram_freq": 5}
