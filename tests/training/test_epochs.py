"""Compiled epochs give the numbers of `model.fit`."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.columns.schema import Feature, Scaling, Schema
from sparktune.data.dataset import Rows
from sparktune.spec import CnnSpec, LinearSpec, MlpSpec, ModelSpec, RnnSpec, TrainingSpec
from sparktune.training.compiling import compile_for_training
from sparktune.training.engine.epoch import _kept
from sparktune.training.engine.structure import structure
from sparktune.training.epochs import FitConfig, train
from sparktune.training.kinds.base import build_model
from sparktune.trial import TrialNotes

ROWS, EPOCHS, BATCH = 22, 2, 8  # a partial last batch
OUTPUTS = {"classes": 6, "binary": 1, "regression": 1}


def schema_of(task: Any, shape: tuple[int, ...]) -> Schema:
    classes = tuple(range(6)) if task == "classes" else (0, 1) if task == "binary" else ()
    feature = Feature(name="x", shape=shape)
    return Schema(features=(feature,), input_shape=shape, task=task, classes=classes, outputs=OUTPUTS[task])


def feed_of(schema: Schema, seed: int = 0, weighted: bool = False, tokens: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    shape = (ROWS, *schema.input_shape)
    x = random.integers(0, tokens, shape).astype(np.uint8) if tokens else random.random(shape, np.float32)
    if schema.task == "classes":
        y = random.integers(0, 6, ROWS).astype(np.int32)
    else:
        y = random.integers(0, 2, (ROWS, 1)).astype(np.float32)
    return Rows(x, y, random.random(ROWS, np.float32) + 0.5 if weighted else None)


Build = Callable[[Schema], keras.Model]


def trained(
    model: ModelSpec | Build,
    training: TrainingSpec,
    schema: Schema,
    rows: Rows,
    validation: Rows,
    *,
    by_fit: bool,
) -> Any:
    """History, weights after each epoch and notes."""
    keras.utils.set_random_seed(3)
    net = model(schema) if callable(model) else build_model(model, schema)
    compile_for_training(net, training, schema, ROWS)
    weights: list[list[np.ndarray]] = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(net.get_weights()))
    if by_fit:
        net.run_eagerly = True  # the same numbers, without tracing nine steps
        net.fit(
            rows.x,
            rows.y,
            sample_weight=rows.weight,
            validation_data=(validation.x, validation.y, validation.weight),
            epochs=EPOCHS,
            batch_size=BATCH,
            validation_batch_size=BATCH,
            shuffle=False,
            verbose=0,
            callbacks=[keep],
        )
        return net.history.history, weights, None
    notes = train(net, rows, validation, FitConfig(EPOCHS, BATCH, BATCH, shuffle=False), [keep])
    return net.history.history, weights, notes


def assert_equal_to_fit(
    model: ModelSpec | Build, training: TrainingSpec, schema: Schema, **feed: Any
) -> None:
    rows, validation = feed_of(schema, 0, **feed), feed_of(schema, 1, **feed)
    history, weights, notes = trained(model, training, schema, rows, validation, by_fit=False)
    expected, expected_weights, _ = trained(model, training, schema, rows, validation, by_fit=True)
    assert notes.engine == "compiled"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5, atol=1e-5, err_msg=name)
    for mine, theirs in zip(weights, expected_weights, strict=True):
        for weight, expected_weight in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(weight, expected_weight, atol=1e-5)


MLP = MlpSpec(neurons=6)
FULL = {"dropout": 0.3, "l1": 0.001, "l2": 0.01, "batch_norm": True}
FLAT, IMAGE, SERIES = (5,), (8, 8), (4, 3)


@pytest.mark.parametrize(
    ("model", "shape", "feed"),
    [
        (MlpSpec(hidden=(6, 5), **FULL), FLAT, {}),
        (MLP, IMAGE, {"weighted": True}),
        (LinearSpec(l1=0.01, l2=0.01), FLAT, {}),
        (CnnSpec(filters=(3,), hidden=(5,), **FULL), IMAGE, {}),
        (CnnSpec(filters=(2,), hidden=(), pooling="average", padding="same"), IMAGE, {"weighted": True}),
        (RnnSpec(cell="simple_rnn", units=4, l2=0.01, dropout=0.2), SERIES, {}),
        (RnnSpec(cell="lstm", units=4), SERIES, {}),
        (RnnSpec(cell="gru", units=3, bidirectional=True), SERIES, {}),
        (RnnSpec(cell="simple_rnn", units=4, vocabulary=9, embedding=3), FLAT, {"tokens": 9}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
@pytest.mark.parametrize("task", ["classes"])
def test_every_kind_of_model_trains_as_with_fit(
    model: ModelSpec, shape: tuple[int, ...], feed: Any, task: str
) -> None:
    assert_equal_to_fit(model, TrainingSpec(learning_rate=0.01), schema_of(task, shape), **feed)


OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
OPTIONS: list[dict[str, Any]] = [
    {"clip_norm": 0.05},
    {"clip_value": 0.01, "schedule": {"kind": "cosine", "alpha": 0.1}},
    {"weight_decay": 0.01, "schedule": {"kind": "exponential", "rate": 0.5}},
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_updates_as_with_fit(optimizer: Any) -> None:
    assert_equal_to_fit(
        MLP, TrainingSpec(optimizer=optimizer, learning_rate=0.02), schema_of("classes", FLAT)
    )


@pytest.mark.parametrize("optimizer", ["nesterov", "adam"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
def test_clipping_decay_and_schedules_are_those_of_fit(optimizer: Any, options: dict[str, Any]) -> None:
    training = TrainingSpec.model_validate(
        {"optimizer": optimizer, "learning_rate": 0.02, "momentum": 0.8, **options}
    )
    assert_equal_to_fit(MLP, training, schema_of("classes", FLAT))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rows_of_an_embedding_that_occur_twice_are_updated_as_with_fit(optimizer: Any) -> None:
    def build(schema: Schema) -> keras.Model:
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(schema.input_shape),
                layers.Embedding(4, 3),
                layers.Flatten(),
                layers.Dense(6, activation="softmax"),
            ]
        )

    clip: dict[str, Any] = {"clip_norm": 0.1} if optimizer == "adam" else {"clip_value": 0.01}
    training = TrainingSpec(optimizer=optimizer, learning_rate=0.02, **clip)
    assert_equal_to_fit(build, training, schema_of("classes", FLAT), tokens=4)


LOSSES = [
    ("binary", "binary_crossentropy", ("accuracy", "auc", "precision", "recall")),
    ("binary", "mean_squared_error", None),
    (
        "regression",
        "mean_squared_error",
        ("mean_squared_error", "mean_absolute_error", "root_mean_squared_error"),
    ),
    ("regression", "mean_absolute_error", None),
    ("regression", "root_mean_squared_error", None),
    ("regression", "huber", None),
    ("regression", "log_cosh", None),
    ("regression", "poisson", None),
    ("classes", "sparse_categorical_crossentropy", ("accuracy", "top_5_accuracy")),
]


@pytest.mark.parametrize(("task", "loss", "metrics"), LOSSES)
def test_every_loss_and_metric_is_that_of_fit(task: str, loss: Any, metrics: Any) -> None:
    training = TrainingSpec(loss=loss, metrics=metrics, learning_rate=0.01)
    assert_equal_to_fit(MLP, training, schema_of(task, FLAT), weighted=loss != "poisson")


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("binary", ("accuracy", "auc")),
        ("classes", ("accuracy",)),
        ("regression", ("root_mean_squared_error",)),
    ],
)
def test_metrics_by_row_weights_are_those_of_fit(task: str, metrics: Any) -> None:
    training = TrainingSpec(weighted_metrics=metrics, learning_rate=0.01)
    assert_equal_to_fit(MLP, training, schema_of(task, FLAT), weighted=True)


def test_a_step_of_all_rows_is_that_of_fit() -> None:
    schema = schema_of("classes", FLAT)
    rows, validation = feed_of(schema), feed_of(schema, 1)
    training = TrainingSpec(batch_size="all", learning_rate=0.1)

    def ended(*, by_fit: bool) -> keras.Model:
        keras.utils.set_random_seed(3)
        net = build_model(MLP, schema)
        compile_for_training(net, training, schema, ROWS)
        if by_fit:
            net.fit(rows.x, rows.y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0)
        else:
            config = FitConfig(2, training.batch_rows(ROWS), BATCH, shuffle=False)
            assert train(net, rows, validation, config).engine == "compiled"
        return net

    mine, theirs = ended(by_fit=False), ended(by_fit=True)
    assert int(mine.optimizer.iterations) == int(theirs.optimizer.iterations) == 2
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)


@pytest.fixture
def compilers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the compiler instead of the rule."""
    return lambda kind: monkeypatch.setattr("sparktune.training.epochs.choose", lambda *given: kind)


@pytest.mark.parametrize(
    "model",
    [MlpSpec(neurons=6, **FULL | {"dropout": 0.0}), RnnSpec(cell="lstm", units=3)],
    ids=["mlp", "rnn"],
)
def test_xla_gives_the_numbers_of_the_graph_but_for_dropout(
    model: ModelSpec, compilers: Callable[[str], None]
) -> None:
    schema = schema_of("classes", SERIES)
    rows, validation = feed_of(schema), feed_of(schema, 1)
    outcomes = []
    for compiler in ("graph", "xla"):
        compilers(compiler)
        outcomes.append(trained(model, TrainingSpec(), schema, rows, validation, by_fit=False))
        assert outcomes[-1][2] == TrialNotes(engine="compiled", compiler=compiler)
    (history, weights, _), (fused_history, fused_weights, _) = outcomes
    for name, values in history.items():
        np.testing.assert_allclose(fused_history[name], values, rtol=1e-5, atol=1e-5)
    for weight, fused in zip(weights[-1], fused_weights[-1], strict=True):
        np.testing.assert_allclose(fused, weight, atol=1e-5)


@pytest.mark.parametrize(("compiler", "numbers"), [("graph", 2 * BATCH), ("xla", BATCH)])
def test_metrics_add_up_over_blocks_of_steps_as_with_fit(
    compiler: str, numbers: int, compilers: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    compilers(compiler)
    monkeypatch.setattr("sparktune.training.engine.blocks.BLOCK_NUMBERS", numbers)
    training = TrainingSpec(metrics=("accuracy", "auc", "recall"), learning_rate=0.01)
    _kept.cache_clear()
    assert_equal_to_fit(MLP, training, schema_of("binary", FLAT), weighted=True)
    _kept.cache_clear()


def scalars(rate: float, dropout: float, l2: float, momentum: float) -> tuple[MlpSpec, TrainingSpec]:
    model = MlpSpec(neurons=6, dropout=dropout, l2=l2, batch_norm=True)
    return model, TrainingSpec(optimizer="momentum", momentum=momentum, learning_rate=rate, clip_norm=rate)


def test_trials_that_differ_in_scalars_share_graphs_and_keep_their_numbers() -> None:
    schema = schema_of("classes", FLAT)
    rows, validation = feed_of(schema), feed_of(schema, 1)
    mine, other = scalars(0.01, 0.2, 0.001, 0.8), scalars(0.03, 0.4, 0.01, 0.5)
    _kept.cache_clear()
    alone = trained(*other, schema, rows, validation, by_fit=False)
    _kept.cache_clear()
    trained(*mine, schema, rows, validation, by_fit=False)
    after = trained(*other, schema, rows, validation, by_fit=False)
    assert _kept.cache_info().misses == 1 and _kept.cache_info().hits == 1
    assert after[0] == alone[0]
    for weight, expected in zip(after[1][-1], alone[1][-1], strict=True):
        np.testing.assert_array_equal(weight, expected)


def structure_of(model: ModelSpec | Build, **training: Any) -> str | None:
    schema = schema_of("classes", FLAT)
    net = model(schema) if callable(model) else build_model(model, schema)
    compile_for_training(net, TrainingSpec(**training), schema, ROWS)
    return structure(net)


def test_other_structures_do_not_share_graphs() -> None:
    models = [MLP, MlpSpec(neurons=7), MlpSpec(neurons=6, dropout=0.1), MlpSpec(neurons=6, activation="tanh")]
    models += [MlpSpec(neurons=6, l1=0.1), MlpSpec(neurons=6, l2=0.1), MlpSpec(neurons=6, l1=0.1, l2=0.1)]
    structures = [structure_of(model) for model in models]
    assert len({*structures, structure_of(MLP, metrics=())}) == len(models) + 1
    assert structure_of(MLP) == structures[0] is not None
    assert structure_of(MlpSpec(neurons=6, initializer="he_normal")) == structures[0]


class Doubled(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


class OwnStep(keras.Model):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_scaled_inputs_and_full_batches_apart_train_as_with_fit(
    offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparktune.training.engine.compiler.APART_STEPS", 0)
    schema = schema_of("classes", FLAT)
    scaled = schema.model_copy(update={"scaling": Scaling(offset=(offset,), scale=(9.0,))})
    assert_equal_to_fit(MLP, TrainingSpec(learning_rate=0.01), scaled, tokens=9)


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_test_begin", "on_epoch_end"])
def test_a_callback_may_freeze_a_layer_at_any_time(hook: str) -> None:
    schema = schema_of("classes", FLAT)
    rows, validation = feed_of(schema), feed_of(schema, 1)

    def ended(*, by_fit: bool) -> list[np.ndarray]:
        keras.utils.set_random_seed(3)
        net = build_model(MLP, schema)
        compile_for_training(net, TrainingSpec(learning_rate=0.01), schema, ROWS)
        freezing = keras.callbacks.Callback()
        setattr(freezing, hook, lambda *given, **logs: setattr(net.layers[0], "trainable", False))
        if by_fit:
            options = {"epochs": 2, "batch_size": BATCH, "shuffle": False, "verbose": 0}
            data = (validation.x, validation.y)
            net.fit(rows.x, rows.y, validation_data=data, callbacks=[freezing], **options)
        else:
            train(net, rows, validation, FitConfig(2, BATCH, BATCH, shuffle=False), [freezing])
        return net.get_weights()

    for mine, theirs in zip(ended(by_fit=False), ended(by_fit=True), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


class Failing(keras.callbacks.Callback):
    def on_test_begin(self, logs: Any = None) -> None:
        raise ValueError("no more")


def test_a_trial_that_fails_leaves_no_graphs_to_others() -> None:
    schema = schema_of("classes", FLAT)
    net = build_model(MLP, schema)
    compile_for_training(net, TrainingSpec(), schema, ROWS)
    with pytest.raises(ValueError, match="no more"):
        train(net, feed_of(schema), feed_of(schema, 1), FitConfig(2, BATCH, BATCH), [Failing()])
    assert _kept.cache_info().currsize == 0


def test_data_that_the_device_cannot_hold_train_with_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(array: np.ndarray) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    monkeypatch.setattr("sparktune.training.epochs.on_device", full)
    schema = schema_of("classes", FLAT)
    net = build_model(MLP, schema)
    compile_for_training(net, TrainingSpec(), schema, ROWS)
    notes = train(net, feed_of(schema), feed_of(schema, 1), FitConfig(1, BATCH, BATCH))
    assert notes == TrialNotes(engine="fit", reason="the data do not fit into the GPU's memory")


class Measuring(keras.layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.mean = keras.metrics.Mean(name="mean")

    def call(self, x: Any) -> Any:
        self.mean.update_state(x)
        return x


class PerBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def functional(kind: type[keras.Model], first: Callable[[], keras.layers.Layer]) -> Build:
    def build(schema: Schema) -> keras.Model:
        inputs = keras.Input(schema.input_shape)
        return kind(inputs, keras.layers.Dense(6, activation="softmax")(first()(inputs)))

    return build


def test_a_model_of_ones_own_layers_is_compiled_but_shares_no_graphs() -> None:
    build = functional(keras.Model, Doubled)
    assert structure_of(build) is None
    assert_equal_to_fit(build, TrainingSpec(), schema_of("classes", FLAT))


@pytest.mark.parametrize(
    ("kind", "layer", "callbacks", "reason"),
    [
        (OwnStep, Doubled, [], "its own train_step"),
        (keras.Model, Measuring, [], "layer measuring has metrics of its own"),
        (keras.Model, Doubled, [PerBatch()], "callback PerBatch has on_train_batch_end"),
    ],
    ids=["train_step", "metric", "callback"],
)
def test_what_cannot_be_compiled_trains_with_fit_and_says_why(
    kind: Any, layer: Any, callbacks: Any, reason: str
) -> None:
    schema = schema_of("classes", FLAT)
    net = functional(kind, layer)(schema)
    compile_for_training(net, TrainingSpec(), schema, ROWS)
    notes = train(net, feed_of(schema), feed_of(schema, 1), FitConfig(2, BATCH, BATCH), callbacks)
    assert notes.engine == "fit" and reason in (notes.reason or "")
    assert len(net.history.history["val_loss"]) == 2


def test_a_weight_constraint_holds() -> None:
    def layer() -> keras.layers.Layer:
        return keras.layers.Dense(4, kernel_constraint=keras.constraints.MaxNorm(0.1))

    build = functional(keras.Model, layer)
    assert_equal_to_fit(build, TrainingSpec(learning_rate=0.1), schema_of("classes", FLAT))


def test_shuffling_learns_as_well_as_with_fit() -> None:
    """Mean accuracies over ten seeds differ by less than three standard errors and a validation row."""
    random = np.random.default_rng(0)
    x = random.random((500, 5), np.float32)
    y = (x[:, 0] + x[:, 1] > 1).astype(np.int32) + 2 * (x[:, 2] > 0.5)
    schema, seeds = schema_of("classes", FLAT), range(10)
    rows, validation = Rows(x[:300], y[:300]), Rows(x[300:], y[300:])

    net = build_model(MlpSpec(neurons=16), schema)  # one model, so that `fit` is traced once
    compile_for_training(net, TrainingSpec(learning_rate=0.02), schema, 300)
    net.optimizer.build(net.trainable_variables)
    fresh = [variable.numpy() for variable in net.optimizer.variables]

    def accuracy(seed: int, *, by_fit: bool) -> float:
        keras.utils.set_random_seed(seed)
        net.set_weights(build_model(MlpSpec(neurons=16), schema).get_weights())
        for variable, start in zip(net.optimizer.variables, fresh, strict=True):
            variable.assign(start)
        if by_fit:
            net.fit(x[:300], y[:300], validation_data=(x[300:], y[300:]), epochs=5, batch_size=16, verbose=0)
        else:
            train(net, rows, validation, FitConfig(5, 16, 200, seed=seed))
        return float(net.history.history["val_accuracy"][-1])

    mine, theirs = ([accuracy(seed, by_fit=by_fit) for seed in seeds] for by_fit in (False, True))
    error = np.hypot(np.std(mine), np.std(theirs)) / np.sqrt(len(seeds))
    assert abs(np.mean(mine) - np.mean(theirs)) < 3 * error + 0.005
    assert len(set(mine)) > 1 and np.mean(mine) > 0.8
