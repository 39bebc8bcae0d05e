"""One trial from parameters to result: what is COMPLETE, DIVERGED and FAILED, and which model comes home."""

import math
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.initial import InitialWeights
from sparktune.training import build_model, evaluate, run_trial
from sparktune.training.engine.structure import all_layers
from sparktune.training.run import compiled_model
from sparktune.trial import TrialState


def test_the_first_lesson_y_is_2x_minus_1(line, spec_of, trial_of, loaded):
    training = {"epochs": 60, "optimizer": "sgd", "batch_size": 6}
    result = run_trial(
        trial_of(learning_rate=0.15),
        spec_of({"learning_rate": [0.15]}, model={"kind": "linear"}, training=training),
        line,
    )
    assert result.state is TrialState.COMPLETE, result.error
    assert loaded(result.model).predict(np.array([[10.0]], np.float32), verbose=0)[0, 0] == pytest.approx(
        19, abs=0.3
    )


def test_a_complete_trial_says_everything(completed, blobs):
    assert completed.state is TrialState.COMPLETE, completed.error
    assert (completed.trial, completed.attempt, completed.params) == (3, 1, {"batch_size": 32})
    assert set(completed.timings) == {"start", "build", "data", "train", "save"} and completed.host
    assert {len(values) for values in completed.history.values()} == {10}
    assert completed.value == max(completed.history["val_accuracy"])
    assert completed.epoch == completed.history["val_accuracy"].index(completed.value) + 1


def test_the_model_is_of_the_reported_epoch(completed, blobs, spec_of, loaded):
    metrics = evaluate(loaded(completed.model), blobs.validation, spec_of(), blobs.schema)
    at_best = {name: completed.history[f"val_{name}"][completed.epoch - 1] for name in ("loss", "accuracy")}
    assert metrics == pytest.approx(at_best, rel=1e-6)
    assert at_best["loss"] != completed.history["val_loss"][-1]


def test_a_trial_begins_with_the_initial_weights_that_have_its_shapes(blobs, spec_of, trial_of, loaded):
    model = {"kind": "mlp", "neurons": 4}
    one_epoch = spec_of({}, model=model, training={"epochs": 1})
    first = run_trial(trial_of(), one_epoch, blobs)
    warm = replace(blobs, initial=InitialWeights("those of a friend", loaded(first.model).get_weights()))
    again = run_trial(trial_of(), one_epoch, warm)
    assert again.notes.weights == "those of a friend" and first.notes.weights is None
    assert again.history["loss"][0] < first.history["loss"][0]
    other = spec_of({}, model={**model, "neurons": 5}, training={"epochs": 1})
    assert run_trial(trial_of(), other, warm).history == run_trial(trial_of(), other, blobs).history


def test_the_file_holds_no_optimizer(completed, loaded):
    model = loaded(completed.model)
    assert not model.compiled and getattr(model, "optimizer", None) is None


def test_the_same_seed_gives_the_same_numbers(completed, blobs, spec_of, trial_of):
    spec = spec_of(training={"epochs": 10, "learning_rate": 0.3})
    again = run_trial(trial_of(batch_size=32), spec, blobs)
    assert again.history == completed.history
    other = run_trial(trial_of(batch_size=32, seed=6), spec, blobs)
    assert other.history != completed.history


def test_only_a_model_that_is_not_worse_comes_home(line, spec_of, trial_of):
    spec = spec_of(training={"epochs": 1}, objective={"metric": "val_loss"}, model={"kind": "linear"})
    value = run_trial(trial_of(), spec, line).value
    others = (value + 0.01, value, value - 0.01)
    results = [run_trial(trial_of(best), spec, line) for best in others]
    assert [result.value for result in results] == [value] * 3
    assert [result.model is not None for result in results] == [True, True, False]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"])
def test_every_optimizer_learns(blobs, spec_of, trial_of, optimizer):
    spec = spec_of({"optimizer": ["sgd", "adam"]}, training={"epochs": 3, "learning_rate": 0.05})
    result = run_trial(trial_of(optimizer=optimizer), spec, blobs)
    assert result.value is not None and result.value > 0.6, result.error
    assert result.history["loss"][-1] < result.history["loss"][0]


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("binary", ["accuracy", "auc", "precision", "recall", "root_mean_squared_error"]),
        ("classes", ["accuracy", "top_5_accuracy"]),
        ("regression", None),
    ],
)
def test_every_task_measures_the_same_twice(schema_of, spec_of, trial_of, loaded, task, metrics):
    random = np.random.default_rng(0)
    x = random.standard_normal((90, 3)).astype(np.float32)
    total = x.sum(1)
    y = {
        "binary": (total > 0).astype(np.float32),
        "classes": np.clip(total + 3, 0, 5).astype(np.int32),
        "regression": np.stack([total, -total], 1).astype(np.float32),
    }[task]
    schema = schema_of((3,), task, {"binary": 1, "classes": 6, "regression": 2}[task])
    data = Dataset(
        Rows(x[:60], y[:60]),
        Rows(x[60:], y[60:], np.linspace(0.1, 2, 30, dtype=np.float32)),
        None,
        schema,
        "",
    )
    spec = spec_of(training={"epochs": 3, "metrics": metrics, "learning_rate": 0.05})
    result = run_trial(trial_of(), spec, data)
    assert result.state is TrialState.COMPLETE, result.error
    again = evaluate(loaded(result.model), data.validation, spec, schema)
    assert again == pytest.approx(
        {name: result.history[f"val_{name}"][result.epoch - 1] for name in again}, rel=1e-6
    )
    assert {f"val_{name}" for name in again} | set(again) == set(result.history)


def test_a_recurrent_model_learns_from_token_ids(schema_of, spec_of, trial_of):
    random = np.random.default_rng(0)
    x = random.integers(0, 20, (200, 8)).astype(np.int32)
    y = (x == 7).any(1).astype(np.float32)
    data = Dataset(Rows(x[:150], y[:150]), Rows(x[150:], y[150:]), None, schema_of((8,), "binary", 1), "")
    model = {"kind": "rnn", "cell": "simple_rnn", "units": 8, "vocabulary": 20, "embedding": 4}
    result = run_trial(trial_of(), spec_of(model=model, training={"epochs": 12, "learning_rate": 0.02}), data)
    assert result.value is not None and result.value > 0.8, result.error


def test_a_network_learns_from_images(schema_of, spec_of, trial_of):
    x = np.zeros((90, 8, 8), np.uint8)
    y = np.arange(90) % 3
    for row, label in enumerate(y):
        x[row, row % 6 : row % 6 + 2, 2 * label : 2 * label + 2] = 255
    schema = schema_of((8, 8), scaling={"offset": [0.0], "scale": [255.0]})
    data = Dataset(Rows(x[:60], y[:60]), Rows(x[60:], y[60:]), None, schema, "")
    model = {"kind": "cnn", "filters": [4], "hidden": [8], "batch_norm": True, "dropout": 0.1}
    result = run_trial(trial_of(), spec_of(model=model, training={"epochs": 8, "learning_rate": 0.02}), data)
    assert result.state is TrialState.COMPLETE and max(result.history["accuracy"]) > 0.8, result.error


def test_a_users_model_trains(blobs, spec_of, trial_of, user_module, loaded):
    spec = spec_of({"units": [2, 5]}, model={"builder": f"{user_module}:good"}, training={"epochs": 2})
    result = run_trial(trial_of(units=5), spec, blobs)
    assert result.state is TrialState.COMPLETE, result.error
    again = evaluate(loaded(result.model), blobs.validation, spec, blobs.schema)
    assert again["accuracy"] == pytest.approx(result.value, rel=1e-6)


def test_what_a_users_model_draws_from_tensorflow_follows_from_the_seed(
    blobs, spec_of, trial_of, user_module
):
    spec = spec_of(model={"builder": f"{user_module}:drawn"}, training={"epochs": 1})
    first, again, other = (run_trial(trial_of(seed=seed), spec, blobs).history for seed in (1, 1, 2))
    assert first and first == again != other


def test_a_subclassed_model_trains(blobs, spec_of, trial_of, user_module, loaded):
    spec = spec_of(model={"builder": f"{user_module}:free"}, training={"epochs": 1})
    result = run_trial(trial_of(), spec, blobs)
    assert result.state is TrialState.COMPLETE, result.error
    assert loaded(result.model).predict(blobs.validation.x, verbose=0).shape == (60, 3)


def test_divergence_is_never_complete(line, spec_of, trial_of):
    spec = spec_of(
        training={"epochs": 60, "optimizer": "sgd", "learning_rate": 1e6}, model={"kind": "linear"}
    )
    result = run_trial(trial_of(), spec, line)
    assert result.state is TrialState.DIVERGED and result.value is None and result.model is None
    assert "lower learning_rate" in result.error and len(result.history["loss"]) < 60
    assert not math.isfinite(result.history["val_loss"][-1])


def test_finite_accuracy_hides_no_divergence(blobs, spec_of, trial_of):
    poisoned = replace(blobs, train=Rows(blobs.train.x * np.float32(np.nan), blobs.train.y))
    result = run_trial(trial_of(), spec_of(training={"epochs": 3}), poisoned)
    assert math.isfinite(result.history["val_accuracy"][0])
    assert result.state is TrialState.DIVERGED and len(result.history["loss"]) == 1


@pytest.mark.parametrize(
    ("function", "text"),
    [("raising", "no such units"), ("exiting", "SystemExit: 3"), ("nothing", "keras.Model")],
)
def test_errors_come_back_as_data(blobs, spec_of, trial_of, user_module, function, text):
    spec = spec_of({"units": [1]}, model={"builder": f"{user_module}:{function}"})
    result = run_trial(trial_of(units=1), spec, blobs)
    assert result.state is TrialState.FAILED and result.value is None
    assert "Traceback" in result.error and text in result.error


def test_a_parameter_out_of_bounds_fails(blobs, spec_of, trial_of):
    assert "dropout" in run_trial(trial_of(dropout=2.0), spec_of(), blobs).error


MIXED = """
import keras

def halves(params, input_shape, outputs):
    keras.config.set_dtype_policy("mixed_float16")
    last = keras.layers.Dense(outputs, kernel_initializer="zeros")
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(4), last])
"""


def test_a_builder_may_set_keras_dtype_policy_for_its_own_layers(
    schema_of, spec_of, trial_of, loaded, monkeypatch, tmp_path
):
    """Raw columns and labels beyond half precision are scaled in float32; other trials are as ever."""
    (tmp_path / "mixed_models.py").write_text(MIXED)
    monkeypatch.syspath_prepend(tmp_path)
    x = np.linspace(4e5, 6e5, 12, dtype=np.float32).reshape(-1, 1)
    far = Scaling(offset=(5e5,), scale=(6e4,))
    schema = schema_of((1,), "regression", 1, scaling=far, label_scaling=far)
    data = Dataset(Rows(x, x[:, 0]), Rows(x, x[:, 0]), None, schema, "far")
    model = {"kind": "builder", "builder": "mixed_models:halves"}
    result = run_trial(trial_of(), spec_of(model=model, training={"epochs": 2, "shuffle": False}), data)
    assert result.state is TrialState.COMPLETE, result.error or result.history
    assert keras.config.dtype_policy().name == "float32"
    again = loaded(result.model)
    assert {
        layer.dtype_policy.name for layer in all_layers(again) if isinstance(layer, keras.layers.Dense)
    } == {"mixed_float16"}
    answer = again(x).numpy()
    assert answer.dtype == np.float32
    assert np.all(np.abs(answer - 5e5) < 2e5)


def test_what_a_builders_module_sets_is_the_dtype_policy_of_all_its_trials(
    line, spec_of, trial_of, monkeypatch, tmp_path
):
    (tmp_path / "all_mixed.py").write_text(
        "import keras\nkeras.config.set_dtype_policy('mixed_float16')\n"
        "def build(params, input_shape, outputs):\n"
        "    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = spec_of(model={"kind": "builder", "builder": "all_mixed:build"})
    try:
        models = [compiled_model(trial_of(), spec, line)[0] for _ in range(2)]
    finally:
        keras.config.set_dtype_policy("float32")
    assert [model.layers[-1].compute_dtype for model in models] == ["float16", "float16"]


def test_an_interrupt_is_no_result(blobs, spec_of, trial_of, user_module):
    with pytest.raises(KeyboardInterrupt):
        run_trial(
            trial_of(units=1), spec_of({"units": [1]}, model={"builder": f"{user_module}:interrupted"}), blobs
        )


def test_a_trial_leaves_no_model_but_the_one_its_graphs_are_of(blobs, spec_of, trial_of, monkeypatch):
    """Trials of one structure share graphs, which hold the first one's model; the others' go."""
    import gc
    import weakref

    models = []

    def watched(*args):
        model = build_model(*args)
        models.append(weakref.ref(model))
        return model

    monkeypatch.setattr("sparktune.training.run.build_model", watched)
    for _ in range(3):
        run_trial(trial_of(), spec_of(training={"epochs": 1}), blobs)
    gc.collect()
    assert [model() for model in models[1:]] == [None, None]


LONELY = """
import sys
import sparktune.training as training
assert not {"tensorflow", "keras"} & set(sys.modules), "the import is not light"
import numpy as np
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.initial import InitialWeights
from sparktune.columns.schema import Feature, Schema
from sparktune.spec import StudySpec
from sparktune.trial import Trial
schema = Schema(features=[Feature(name="x")], input_shape=[1], task="regression", outputs=1)
rows = Rows(np.ones((8, 1), np.float32), np.ones(8, np.float32))
spec = StudySpec(search={"space": {"neurons": [2]}}, resources={"cpus": 2}, training={"epochs": 1})
training.check_model(spec, schema)
assert "tensorflow" not in sys.modules, "built-in kinds are checked by arithmetic"
result = training.run_trial(Trial("s", 0, {"neurons": 2}, 1), spec, Dataset(rows, rows, None, schema, ""))
assert result.state == "COMPLETE", result.error
assert result.notes.threads == "2", result.notes
import tensorflow as tf
assert tf.config.threading.get_intra_op_parallelism_threads() == 2
print(sorted({"pyspark", "mlflow", "optuna"} & set(sys.modules)))
"""


def test_a_trial_needs_neither_spark_nor_tracker_nor_sampler():
    made = subprocess.run([sys.executable, "-c", LONELY], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == "[]"


@pytest.mark.parametrize("callbacks", [[], ["each_batch"]], ids=["compiled", "fit"])
def test_a_trial_without_validation_rows(blobs, spec_of, trial_of, monkeypatch, tmp_path, callbacks):
    (tmp_path / "batch_callbacks.py").write_text(
        "import keras\nclass EachBatch(keras.callbacks.Callback):\n"
        "    def on_train_batch_end(self, batch, logs=None):\n        pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    training = {"epochs": 3, "early_stopping": {"patience": 1}}
    if callbacks:
        training["callbacks"] = [{"kind": "custom", "callback": "batch_callbacks:EachBatch"}]
    none = Dataset(blobs.train, Rows(blobs.train.x[:0], blobs.train.y[:0]), None, blobs.schema, "none")
    result = run_trial(trial_of(), spec_of(data={"validation": "none"}, training=training), none)
    assert result.state is TrialState.COMPLETE, result.error
    assert set(result.history) == {"loss", "accuracy"} and result.value == max(result.history["accuracy"])
    assert result.model is not None


def test_several_labels_are_learned_one_by_one(blobs, schema_of, spec_of, trial_of, loaded):
    def several(rows):
        return Rows(rows.x, np.stack([rows.y > 0, rows.y < 2], axis=1).astype(np.float32))

    schema = schema_of((6,), "labels", 2, scaling=blobs.schema.scaling)
    data = Dataset(several(blobs.train), several(blobs.validation), None, schema, "several")
    spec = spec_of(training={"epochs": 20, "learning_rate": 0.03, "metrics": ["accuracy", "auc", "recall"]})
    result = run_trial(trial_of(), spec, data)
    assert result.state is TrialState.COMPLETE, result.error
    best = {name: values[result.epoch - 1] for name, values in result.history.items()}
    assert best["val_accuracy"] > 0.95 and best["val_loss"] == result.value
    measured = evaluate(loaded(result.model), data.validation, spec, schema)
    assert measured == pytest.approx(
        {n: best[f"val_{n}"] for n in ("loss", "accuracy", "auc", "recall")}, rel=1e-5
    )
