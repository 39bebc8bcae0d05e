"""What is refused before a study starts, and in which words."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from sparktune.errors import InputError, ModelError, SpecError
from sparktune.training import check_model
from sparktune.training.checks import offered


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ({"kind": "cnn"}, (784,), "needs images"),
        ({"kind": "cnn"}, (4, 4, 4, 3), "needs images"),
        ({"kind": "rnn"}, (1,), "one number a row"),
        ({"kind": "rnn"}, (9, 9, 3), r"\(9, 9, 3\)"),
        ({"kind": "rnn", "vocabulary": 9}, (9, 9), "token ids"),
        ({"kind": "rnn", "vocabulary": 2**24 + 1}, (9,), "<= 16777216"),
    ],
)
def test_inputs_that_a_kind_cannot_read(schema_of, spec_of, model, shape, message):
    with pytest.raises(ModelError, match=message):
        check_model(spec_of(model=model), schema_of(shape))


@pytest.mark.parametrize(
    "model",
    [{"kind": "cnn"}, {"kind": "rnn"}, {"kind": "mlp", "layers": 0}, {"kind": "linear"}],
)
def test_images_that_fit_pass(schema_of, spec_of, model):
    check_model(spec_of(model=model), schema_of((28, 28)))


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"class_weight": {"9": 2.0}}, r"labels of 'label' \(0, 1, 2\), but got '9', which is none"),
        ({"clip_norm": 1.0, "clip_value": 1.0}, "exclude each other"),
        ({"schedule": {"kind": "cosine"}, "callbacks": [{"kind": "reduce_on_plateau"}]}, "remove one"),
        ({"metrics": ["top_5_accuracy"]}, "more than 5 classes"),
        ({"loss": "huber"}, "'huber'"),
        ({"early_stopping": {"monitor": "acc"}}, "early_stopping.monitor"),
    ],
)
def test_training_that_does_not_fit(schema_of, spec_of, training, message):
    with pytest.raises(SpecError, match=message):
        check_model(spec_of(training=training), schema_of((4,)))


def test_searched_values_are_checked_too(schema_of, spec_of):
    with pytest.raises(SpecError, match="'poisson'"):
        check_model(
            spec_of(
                {"loss": ["sparse_categorical_crossentropy", "poisson"]}, objective={"metric": "val_accuracy"}
            ),
            schema_of((4,)),
        )


@pytest.mark.parametrize(
    ("class_weight", "class_names", "message"),
    [
        (
            {"cow": 2.0},
            ("cat", "dog", "bird"),
            r"\(0, 1, 2, named cat, dog, bird\), but got 'cow', which is no",
        ),
        (
            {"1": 2.0, "dog": 3.0},
            ("cat", "dog", "bird"),
            "each class once, but got '1' and 'dog' for the class 1",
        ),
        ({"1": 2.0}, ("1", "2", "3"), "but got '1', which is a label and the name of another"),
        ({"cat": 2.0, "1": 3.0, "bird": 1.0}, ("cat", "dog", "bird"), None),
    ],
)
def test_class_weights_by_name(schema_of, spec_of, class_weight, class_names, message):
    spec, schema = spec_of(training={"class_weight": class_weight}), schema_of((4,), class_names=class_names)
    refused = nullcontext() if message is None else pytest.raises(SpecError, match=message)
    with refused:
        check_model(spec, schema)


def test_class_weights_need_classes(schema_of, spec_of):
    with pytest.raises(SpecError, match="class_weight needs classes"):
        check_model(spec_of(training={"class_weight": "balanced"}), schema_of((4,), "regression", 1))


def test_offered_shows_every_value_without_the_product(spec_of):
    space = {f: list(range(1, 101)) for f in ("neurons", "layers", "batch_size")}
    points = list(offered(spec_of(space)))
    assert len(points) == 1 + 3 * 99
    assert all({point[name] for point in points} == set(range(1, 101)) for name in space)


@pytest.mark.parametrize(
    ("reference", "params", "message"),
    [
        ("user_models:Absent", {}, "holds no 'Absent'"),
        ("user_models:good", {}, "subclass of keras.callbacks.Callback"),
        ("user_models:Touch", {"stop": 3}, "must take its params {'stop': 3}"),
    ],
)
def test_callbacks_that_cannot_be_used(schema_of, spec_of, user_module, reference, params, message):
    callback = {"kind": "custom", "callback": reference, "params": params}
    with pytest.raises(InputError, match=message):
        check_model(spec_of(training={"callbacks": [callback]}), schema_of((6,)))


@pytest.mark.parametrize("kind", ["csv", "tensorboard"])
def test_folders_that_cannot_be_written_are_refused(schema_of, spec_of, tmp_path, kind):
    (tmp_path / "file").touch()
    given = {"kind": kind, "directory": str(tmp_path / "file" / "logs")}
    with pytest.raises(SpecError, match=r"training.callbacks\[0\].directory must be a folder .*name another"):
        check_model(spec_of(training={"callbacks": [given]}), schema_of((6,)))
    given["directory"] = str(tmp_path / "new" / "logs")
    check_model(spec_of(training={"callbacks": [given]}), schema_of((6,)))
    assert list((tmp_path / "new" / "logs").iterdir()) == []


class TestWhatTheObjectiveIgnores:
    @pytest.fixture
    def said(self, spec_of, blobs, caplog):
        def check(weight=None, **sections):
            data = replace(blobs, train=replace(blobs.train, weight=weight))
            check_model(spec_of(**sections), blobs.schema, data)
            return [record.message for record in caplog.records]

        return check

    def test_row_weights(self, said, blobs):
        weights = np.ones(len(blobs.train), np.float32)
        (message,) = said(weights, training={"weighted_metrics": ["accuracy"]})
        assert message.endswith("to weigh it too, set objective.metric: val_weighted_accuracy")

    def test_row_weights_that_no_metric_counts(self, said, blobs):
        (message,) = said(np.ones(len(blobs.train), np.float32), training={"weighted_metrics": []})
        assert "add accuracy to training.weighted_metrics and set objective.metric: val_weighted" in message

    def test_class_weights(self, said):
        (message,) = said(training={"class_weight": "balanced"})
        assert message.startswith("training.class_weight changes what is learned, but the objective val_acc")
        assert message.endswith("[..., balanced_accuracy] and objective.metric: val_balanced_accuracy")

    @pytest.mark.parametrize(
        ("task", "alike", "by_rows"),
        [("classes", ("balanced_accuracy", "f1", "pr_auc"), "top_5_accuracy"), ("binary", ("auc",), "f1")],
    )
    def test_metrics_that_count_classes_alike(self, spec_of, schema_of, blobs, caplog, task, alike, by_rows):
        data = replace(blobs, schema=schema_of((4,), task, 6 if task == "classes" else 1))
        for name in (*alike, by_rows):
            training = {"class_weight": "balanced", "metrics": [name]}
            spec = spec_of(training=training, objective={"metric": f"val_{name}"})
            check_model(spec, data.schema, data)
        (message,) = [record.message for record in caplog.records]
        assert f"but the objective val_{by_rows} counts" in message

    def test_nothing_is_said_where_the_objective_is_weighted(self, said, blobs):
        weights = np.ones(len(blobs.train), np.float32)
        assert said(weights, objective={"metric": "val_loss"}, training={"class_weight": "balanced"}) == []
        weighted = {"weighted_metrics": ["accuracy"]}
        assert said(weights, training=weighted, objective={"metric": "val_weighted_accuracy"}) == []
        assert said() == []
