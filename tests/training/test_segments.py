"""Training in segments gives what training in one go gives."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sparktune.data.dataset import Dataset, Rows
from sparktune.spec import StudySpec
from sparktune.training import run_segment
from sparktune.training.checkpoint import Checkpoint
from sparktune.trial import Segment, Trial, TrialResult, TrialState

CODE = """
import keras
import numpy as np
import tensorflow as tf


class Decay(keras.callbacks.Callback):
    # Halves the rate every other epoch; freezes a layer at the start.
    def __init__(self):
        super().__init__()
        self.seen, self.rates = 0, []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self.model.layers[0].trainable = False

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1
        self.rates.append(float(self.model.optimizer.learning_rate))
        assert self.seen == epoch + 1 == len(self.model.history.epoch) + 1
        if self.seen % 2 == 0:
            self.model.optimizer.learning_rate = self.rates[-1] / 2

    def on_train_end(self, logs=None):
        self.rates.clear()


class Unfreeze(keras.callbacks.Callback):
    # A layer is frozen at first; when the third epoch begins, the other one is.
    def on_epoch_begin(self, epoch, logs=None):
        if epoch in (0, 2):
            self.model.layers[0].trainable = epoch == 2
            self.model.layers[-1].trainable = epoch == 0


class Anneal(keras.callbacks.Callback):
    # Changes numbers of layers and of the optimizer from epoch to epoch.
    def on_epoch_begin(self, epoch, logs=None):
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.1 * (3 - epoch)
            elif layer.name.startswith("dense") and layer.kernel.regularizer is not None:
                layer.kernel.regularizer.l2 = 0.1 / (epoch + 1)

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.weight_decay *= 0.5
        if epoch == 1:
            self.model.optimizer.momentum = 0.5


class AnnealPerBatch(Anneal):
    def on_train_batch_end(self, batch, logs=None):
        pass


class PerBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class Opaque(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.average = keras.Sequential([keras.Input((2,))])


class Large(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.table = np.zeros(50_000)


@keras.saving.register_keras_serializable(package="tests")
class Noise(keras.layers.Layer):
    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


def of_layers(input_shape, outputs, *layers):
    last = keras.layers.Dense(outputs, activation="softmax")
    return keras.Sequential([keras.Input(input_shape), *layers, last])


def stack(params, input_shape, outputs):
    dense = keras.layers.Dense(6, activation="relu")
    return of_layers(input_shape, outputs, dense, keras.layers.Dropout(0.3))


def noisy(params, input_shape, outputs):
    return of_layers(input_shape, outputs, Noise())


def plain_loss(targets, outputs):
    return keras.losses.sparse_categorical_crossentropy(targets, outputs)


def noisy_loss(targets, outputs):
    loss = plain_loss(targets, outputs)
    return loss + tf.random.uniform(tf.shape(loss))


def seeded_metric(targets, outputs):
    return plain_loss(targets, outputs) + keras.random.uniform(())
"""
MLP = {"kind": "mlp", "neurons": 6, "dropout": 0.2, "batch_norm": True, "l2": 0.01}
CNN = {"kind": "cnn", "filters": [3], "hidden": [5], "dropout": 0.2}
RNN = {"kind": "rnn", "cell": "simple_rnn", "units": 3, "dropout": 0.2}
BUILDER = {"kind": "builder", "builder": "segment_models:stack"}
PLATEAU = {"kind": "reduce_on_plateau", "patience": 0, "factor": 0.5}
LARGE = {"kind": "custom", "callback": "segment_models:Large"}
STOP = {"patience": 2, "min_delta": 0.2}
IMAGES, SERIES, ROWS = (8, 8, 1), (5, 2), (6,)


@pytest.fixture(scope="module", autouse=True)
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("code")
    (folder / "segment_models.py").write_text(CODE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


@pytest.fixture(scope="module")
def data_of(schema_of: Callable[..., Any]) -> Callable[[tuple[int, ...]], Dataset]:
    def build(shape: tuple[int, ...]) -> Dataset:
        generator = np.random.default_rng(0)
        x = generator.random((60, *shape), np.float32)
        y = (x.reshape(60, -1)[:, 0] * 3).astype(np.int32)
        return Dataset(Rows(x[:42], y[:42]), Rows(x[42:], y[42:]), None, schema_of(shape), "segments")

    return build


def spec_of(model: dict[str, Any], training: dict[str, Any], **output: Any) -> StudySpec:
    given = {"epochs": 6, "batch_size": 8, **training}
    return StudySpec(model=model, training=given, output=output)


def in_segments(spec: StudySpec, data: Dataset, ends: list[int], trial: Trial) -> list[TrialResult]:
    """The results of all segments, each from the checkpoint of the one before."""
    results: list[TrialResult] = []
    segment = Segment(trial, end=ends[0])
    for following in [*ends[1:], None]:
        results.append(run_segment(segment, spec, data))
        content = results[-1].checkpoint_bytes
        segment = Segment(trial, results[-1].epochs, following, "sent", checkpoint_bytes=content)
        if results[-1].state is not TrialState.PAUSED:
            return results
    return [*results, run_segment(segment, spec, data)]


def trial(**params: Any) -> Trial:
    return Trial("study", 4, params, seed=11)


@pytest.mark.parametrize(
    ("model", "shape", "training"),
    [
        (MLP, ROWS, {"optimizer": "momentum", "callbacks": [PLATEAU]}),
        (MLP, ROWS, {"optimizer": "adam", "early_stopping": STOP, "learning_rate": 0.02}),
        (CNN, IMAGES, {"optimizer": "adamw", "weight_decay": 0.01, "schedule": {"kind": "cosine"}}),
        (RNN, SERIES, {"optimizer": "rmsprop", "clip_norm": 1.0, "early_stopping": {"restore_best": False}}),
        ({"kind": "linear"}, ROWS, {"optimizer": "sgd", "schedule": {"kind": "exponential"}}),
        (BUILDER, ROWS, {"callbacks": [{"kind": "custom", "callback": "segment_models:Decay"}]}),
        ({**MLP, "dropout": 0.0}, ROWS, {"optimizer": "nesterov", "shuffle": False, "batch_size": "all"}),
    ],
    ids=["momentum", "early", "cosine", "recurrent", "linear", "builder", "unshuffled"],
)
def test_segments_equal_one_go_bit_for_bit(data_of, loaded, model, shape, training):
    spec, data = spec_of(model, training), data_of(shape)
    whole = run_segment(Segment(trial()), spec, data)
    assert whole.state is TrialState.COMPLETE, whole.error
    *paused, last = in_segments(spec, data, [1, 2, 5], trial())
    assert {result.state for result in paused} == {TrialState.PAUSED}
    assert [result.history for result in paused] == [
        {name: values[: result.epochs] for name, values in whole.history.items()} for result in paused
    ]
    assert (last.history, last.value, last.epoch) == (whole.history, whole.value, whole.epoch), last.error
    assert last.notes == whole.notes
    for one, other in zip(loaded(last.model).get_weights(), loaded(whole.model).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


UNFREEZE = {"optimizer": "adam", "callbacks": [{"kind": "custom", "callback": "segment_models:Unfreeze"}]}
ANNEALED = {"optimizer": "momentum", "weight_decay": 0.1}


def annealed_by(callback: str) -> dict[str, Any]:
    return {**ANNEALED, "callbacks": [{"kind": "custom", "callback": f"segment_models:{callback}"}]}


@pytest.mark.parametrize(
    ("model", "training", "ends", "exact"),
    [
        (BUILDER, UNFREEZE, [2, 3], True),
        (MLP, annealed_by("Anneal"), [2, 3], True),
        (MLP, annealed_by("AnnealPerBatch"), [2], False),
    ],
    ids=["frozen", "numbers", "numbers of fit"],
)
def test_what_a_callback_changes_while_training_goes_on_has_the_same_effect(
    data_of, model, training, ends, exact
):
    spec, data = spec_of(model, {"epochs": 4, **training}), data_of(ROWS)
    whole = run_segment(Segment(trial()), spec, data)
    assert whole.state is TrialState.COMPLETE, whole.error
    assert (whole.notes.engine == "compiled") == exact
    *_, last = in_segments(spec, data, ends, trial())
    assert last.history.keys() == whole.history.keys(), last.error
    for name, values in whole.history.items():
        assert last.history[name] == (values if exact else pytest.approx(values, rel=1e-5)), name


def test_compiled_by_xla_is_a_matter_of_the_whole_trial(data_of):
    """So many steps go through XLA; those of the first segment alone would not."""
    spec, data = spec_of(MLP, {"epochs": 10_000}), data_of(ROWS)
    first = run_segment(Segment(trial(), end=2), spec, data)
    assert (first.state, first.notes.compiler) == (TrialState.PAUSED, "xla")
    content = first.checkpoint_bytes
    second = run_segment(Segment(trial(), 2, 3, "sent", checkpoint_bytes=content), spec, data)
    assert (second.epochs, second.notes.compiler) == (3, "xla")
    assert Checkpoint.from_bytes(second.checkpoint_bytes or b"").compiler == "xla"
    assert second.history == run_segment(Segment(trial(), end=3), spec, data).history


def test_fit_goes_on_too_and_has_the_order_of_compiled_epochs(data_of):
    data, model = data_of(ROWS), {**MLP, "dropout": 0.0}
    spec = spec_of(model, {"callbacks": [{"kind": "custom", "callback": "segment_models:PerBatch"}]})
    whole = run_segment(Segment(trial()), spec, data)
    assert whole.state is TrialState.COMPLETE, whole.error
    assert (whole.notes.engine, whole.notes.reason) == ("fit", "callback PerBatch has on_train_batch_end")
    last = in_segments(spec, data, [2], trial())[-1]
    compiled = run_segment(Segment(trial()), spec_of(model, {}), data)
    assert compiled.notes.engine == "compiled"
    for name, values in whole.history.items():
        assert last.history[name] == pytest.approx(values, rel=1e-5), name
        assert compiled.history[name] == pytest.approx(values, rel=1e-3), name


def test_a_large_checkpoint_goes_by_the_place_that_hosts_share(data_of, tmp_path):
    spec = spec_of(MLP, {"epochs": 3}, checkpoint_limit=100, checkpoints=str(tmp_path))
    data = data_of(ROWS)
    first = run_segment(Segment(trial(), seconds=1e-6), spec, data)
    assert (first.state, first.checkpoint_bytes) == (TrialState.PAUSED, None)
    assert str(first.checkpoint).startswith(f"{tmp_path}/study/{trial().study_id}-4-1-")
    last = run_segment(Segment(trial(), first.epochs, checkpoint=first.checkpoint), spec, data)
    assert last.history == run_segment(Segment(trial()), spec, data).history


def test_a_segment_ends_by_time_after_an_epoch_at_least(data_of):
    spec, data = spec_of(MLP, {}), data_of(ROWS)
    result = run_segment(Segment(trial(), seconds=1e-6), spec, data)
    assert (result.state, result.epochs, result.model, result.value) == (TrialState.PAUSED, 1, None, None)
    assert run_segment(Segment(trial(), seconds=600.0), spec, data).state is TrialState.COMPLETE


def test_a_csv_file_has_each_epoch_once(data_of, tmp_path):
    spec = spec_of(MLP, {"callbacks": [{"kind": "csv", "directory": str(tmp_path)}]})
    in_segments(spec, data_of(ROWS), [2, 4], trial())
    rows = (tmp_path / "trial-4.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2", "3", "4", "5"]


@pytest.mark.fault("a checkpoint is missing, damaged or another's: its trial is trained from epoch 0")
@pytest.mark.parametrize("damage", ["missing", "flipped", "another trial's", "another model's"])
def test_what_is_no_checkpoint_of_the_trial_means_training_again(data_of, tmp_path, damage):
    spec, data = spec_of(MLP, {"epochs": 3}), data_of(ROWS)
    whole = run_segment(Segment(trial()), spec, data)
    other = spec_of({**MLP, "neurons": 7}, {"epochs": 3}) if damage == "another model's" else spec
    seed = 12 if damage == "another trial's" else 11
    content = run_segment(Segment(replace(trial(), seed=seed), end=1), other, data).checkpoint_bytes
    assert content
    if damage == "flipped":
        content = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    elif damage == "missing":
        content = None
    place = str(tmp_path / "gone.checkpoint")
    segment = Segment(trial(), 1, None, place, seconds=1e-6, checkpoint_bytes=content)
    result = run_segment(segment, spec, data)  # in one go: another checkpoint may be no better
    assert (result.state, result.history) == (TrialState.COMPLETE, whole.history)
    assert (
        result.notes.checkpoint and "trained again from epoch 0: the checkpoint is" in result.notes.checkpoint
    )


@pytest.mark.parametrize(
    ("model", "callbacks", "output", "why"),
    [
        (
            MLP,
            [{"kind": "custom", "callback": "segment_models:Opaque"}],
            {},
            "callback Opaque has attributes",
        ),
        ({"kind": "builder", "builder": "segment_models:noisy"}, [], {}, "draws random numbers"),
        (MLP, [], {"checkpoint_limit": 100}, "output.checkpoint_limit is 100"),
        (MLP, [LARGE], {"checkpoint_limit": 400_000}, "output.checkpoint_limit is 400000"),
    ],
    ids=["callback", "builder", "large", "large callback"],
)
def test_without_a_checkpoint_only_a_rung_ends_a_segment(data_of, model, callbacks, output, why):
    spec, data = spec_of(model, {"epochs": 3, "callbacks": callbacks}, **output), data_of(ROWS)
    by_time = run_segment(Segment(trial(), seconds=1e-6), spec, data)
    assert (by_time.state, by_time.epochs) == (TrialState.COMPLETE, 3), by_time.error
    at_rung = run_segment(Segment(trial(), end=2), spec, data)
    assert (at_rung.state, at_rung.epochs, at_rung.checkpoint_bytes) == (TrialState.PAUSED, 2, None)
    for result in (by_time, at_rung):
        assert result.notes.checkpoint is not None and why in result.notes.checkpoint


@pytest.mark.parametrize(
    ("goals", "why"),
    [
        ({"loss": "segment_models:noisy_loss"}, "segment_models:noisy_loss draws random numbers"),
        ({"metrics": ["segment_models:seeded_metric"]}, "segment_models:seeded_metric has a variable"),
        ({"loss": "segment_models:plain_loss", "metrics": ["segment_models:plain_loss"]}, None),
    ],
    ids=["loss", "metric", "plain"],
)
def test_own_goals_with_hidden_state_have_no_checkpoint(data_of, goals, why):
    spec, data = spec_of(MLP, {"epochs": 2, **goals}), data_of(ROWS)
    result = run_segment(Segment(trial(), end=1), spec, data)
    assert (result.state, result.epochs) == (TrialState.PAUSED, 1), result.error
    assert (result.checkpoint_bytes is None) == (why is not None)
    assert (result.notes.checkpoint or "").startswith(f"none: {why}" if why else "")
