"""Loss, metrics and objective follow from the label, and what training does not produce is refused."""

import pytest

from sparktune.errors import SpecError
from sparktune.spec import TrainingSpec
from sparktune.training import Objective, produced, resolve_objective
from sparktune.training.checks import check_training
from sparktune.training.objective import check_monitors, loss_of


@pytest.mark.parametrize(
    ("task", "outputs", "loss", "objective"),
    [
        ("binary", 1, "binary_crossentropy", Objective("val_accuracy", "maximize")),
        ("classes", 3, "sparse_categorical_crossentropy", Objective("val_accuracy", "maximize")),
        ("labels", 3, "binary_crossentropy", Objective("val_loss", "minimize")),
        ("regression", 2, "mean_squared_error", Objective("val_loss", "minimize")),
    ],
)
def test_defaults_follow_from_the_label(schema_of, spec_of, task, outputs, loss, objective):
    schema = schema_of((4,), task, outputs)
    assert loss_of(TrainingSpec(), schema) == loss
    assert resolve_objective(spec_of(), schema) == objective


def test_produced_names_both_splits(schema_of):
    assert produced(TrainingSpec(metrics=["auc", "recall"]), schema_of((4,), "binary", 1)) == (
        "loss",
        "auc",
        "recall",
        "val_loss",
        "val_auc",
        "val_recall",
    )
    assert "val_root_mean_squared_error" in produced(TrainingSpec(), schema_of((4,), "regression", 1))


def test_metrics_by_row_weights_have_names_of_their_own(schema_of, spec_of):
    spec = spec_of(
        training={"weighted_metrics": ["rmse"]},
        objective={"metric": "val_weighted_rmse"},
        model={"kind": "linear"},
    )
    schema = schema_of((4,), "regression", 1)
    assert "weighted_root_mean_squared_error" in produced(spec.training, schema)
    assert resolve_objective(spec, schema) == Objective("val_weighted_root_mean_squared_error", "minimize")
    with pytest.raises(SpecError, match=r"training.weighted_metrics must fit a classes label.*'root_mean"):
        produced(spec.training, schema_of((4,)))
    with pytest.raises(SpecError, match=r"add accuracy to training.weighted_metrics"):
        resolve_objective(spec_of(objective={"metric": "val_weighted_accuracy"}), schema_of((4,)))


def test_of_several_objectives_one_decides(schema_of, spec_of):
    metrics = [{"metric": "parameters"}, {"metric": "val_loss"}, {"metric": "val_accuracy"}]
    several = tuple(
        map(Objective, ["parameters", "val_loss", "val_accuracy"], ["minimize", "minimize", "maximize"])
    )
    first = resolve_objective(spec_of(objective={"metrics": metrics}), schema_of((4,)))
    assert first == Objective("val_loss", "minimize", several)
    chosen = resolve_objective(
        spec_of(objective={"metrics": metrics, "choose": "val_accuracy"}), schema_of((4,))
    )
    assert chosen == Objective("val_accuracy", "maximize", several)
    assert (first.all, several[0].all) == (several, (several[0],))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("val_aucc", r"metrics\[1\].metric must be a metric that training produces \(.*bytes.*'val_aucc'"),
        ("val_auc", r"metrics\[1\].metric.*'val_auc'"),
        ("val_loss", r"metrics\[1\].metric must mean the same in every trial"),
    ],
)
def test_each_of_several_objectives_must_be_measured(schema_of, spec_of, metric, message):
    objective = {"metrics": [{"metric": "val_accuracy"}, {"metric": metric}]}
    spec = spec_of({"loss": ["binary_crossentropy", "mse"]}, objective=objective)
    with pytest.raises(SpecError, match=message):
        resolve_objective(spec, schema_of((4,), "binary", 1))


def test_rmse_is_a_loss(schema_of):
    assert loss_of(TrainingSpec(loss="rmse"), schema_of((4,), "regression", 1)) == "root_mean_squared_error"
    with pytest.raises(SpecError, match="fit a classes label"):
        loss_of(TrainingSpec(loss="rmse"), schema_of((4,)))


@pytest.mark.parametrize(
    ("task", "outputs", "objective"),
    [
        ("classes", 3, Objective("accuracy", "maximize")),
        ("labels", 3, Objective("loss", "minimize")),
        ("regression", 1, Objective("loss", "minimize")),
    ],
)
def test_without_validation_rows_training_decides(schema_of, spec_of, task, outputs, objective):
    spec, schema = spec_of(data={"validation": "none"}), schema_of((4,), task, outputs)
    assert resolve_objective(spec, schema) == objective
    assert produced(spec.training, schema, validated=False)[0] == "loss"
    assert not any(name.startswith("val_") for name in produced(spec.training, schema, validated=False))
    spec = spec_of(data={"validation": "none"}, objective={"metric": "val_loss"})
    with pytest.raises(SpecError, match=r"there are no validation rows, as data\.validation is none"):
        resolve_objective(spec, schema)
    watched = TrainingSpec(early_stopping={"monitor": "val_loss"})
    with pytest.raises(SpecError, match=r"early_stopping\.monitor .* there are no validation rows"):
        check_training(watched, schema, validated=False)


def test_several_labels_have_no_class_weights(schema_of):
    with pytest.raises(SpecError, match="class_weight needs classes, but the label 'label' holds several"):
        check_training(TrainingSpec(class_weight="balanced"), schema_of((4,), "labels", 3))


def test_without_accuracy_the_loss_decides(schema_of, spec_of):
    spec = spec_of(training={"metrics": ["auc"]})
    assert resolve_objective(spec, schema_of((4,), "binary", 1)) == Objective("val_loss", "minimize")


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_auc", "maximize"),
        ("precision", "maximize"),
        ("val_mean_absolute_error", "minimize"),
        ("loss", "minimize"),
    ],
)
def test_direction_follows_from_the_metric(schema_of, spec_of, metric, direction):
    training = {"metrics": ["auc", "precision", "mean_absolute_error"]}
    spec = spec_of(training=training, objective={"metric": metric})
    assert resolve_objective(spec, schema_of((4,), "binary", 1)).direction == direction


def test_a_given_direction_stays(schema_of, spec_of):
    spec = spec_of(objective={"metric": "val_loss", "direction": "maximize"})
    assert resolve_objective(spec, schema_of((4,))).direction == "maximize"


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            "val_acuracy",
            r"produces \(loss, accuracy, val_loss, val_accuracy\), but got 'val_acuracy'.* mean val_accuracy",
        ),
        ("val_top_5_accuracy", r"add top_5_accuracy to training.metrics"),
    ],
)
def test_an_unknown_metric_is_refused(schema_of, spec_of, metric, message):
    with pytest.raises(SpecError, match=message):
        resolve_objective(spec_of(objective={"metric": metric}), schema_of((4,), outputs=9))


@pytest.mark.parametrize(
    ("task", "training"),
    [
        ("classes", {"loss": "mean_squared_error"}),
        ("classes", {"loss": "binary_crossentropy"}),
        ("binary", {"loss": "sparse_categorical_crossentropy"}),
        ("regression", {"loss": "binary_crossentropy"}),
        ("regression", {"metrics": ["accuracy"]}),
        ("classes", {"metrics": ["r2"]}),
        ("labels", {"metrics": ["balanced_accuracy"]}),
        ("classes", {"metrics": ["top_5_accuracy"]}),
    ],
)
def test_what_does_not_fit_the_label_is_refused(schema_of, task, training):
    with pytest.raises(SpecError, match=next(iter(training))):
        check_training(TrainingSpec(**training), schema_of((4,), task, 3 if task == "classes" else 1))


def test_losses_of_different_kinds_are_not_compared(schema_of, spec_of):
    spec = spec_of({"loss": ["mean_squared_error", "huber"]})
    with pytest.raises(SpecError, match=r"same in every trial.*val_mean_absolute_error"):
        resolve_objective(spec, schema_of((4,), "regression", 1))


@pytest.mark.parametrize(
    "training",
    [
        {"early_stopping": {"monitor": "val_acc"}},
        {"callbacks": [{"kind": "reduce_on_plateau", "monitor": "val_acc"}]},
    ],
)
def test_an_unknown_watched_metric_is_refused(schema_of, training):
    with pytest.raises(SpecError, match=r"monitor must be .* but got 'val_acc'.*val_accuracy"):
        check_monitors(TrainingSpec(**training), schema_of((4,)))
