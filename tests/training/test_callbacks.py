"""The spec's callbacks as Keras' own."""

import csv

import keras
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator

from sparktune.errors import ModelError
from sparktune.spec import TrainingSpec
from sparktune.training import Objective, Plan
from sparktune.training.callbacks import build_callbacks


def built(*callbacks, metric="val_auc", direction="maximize"):
    plan = Plan(4, 0, TrainingSpec(callbacks=callbacks), Objective(metric, direction))
    return build_callbacks(plan)


def test_a_plateau_is_the_objectives_unless_a_metric_is_named():
    (own, other) = built(
        {"kind": "reduce_on_plateau", "factor": 0.5, "patience": 7, "min_learning_rate": 0.01},
        {"kind": "reduce_on_plateau", "monitor": "val_loss"},
    )
    assert (own.monitor, own.mode, own.factor, own.patience, own.min_lr) == ("val_auc", "max", 0.5, 7, 0.01)
    assert (other.monitor, other.mode) == ("val_loss", "min")


def test_files_are_named_by_trial_and_folders_made(tmp_path):
    (log,) = built({"kind": "csv", "directory": str(tmp_path / "a" / "b")})
    log.on_train_begin()
    log.on_epoch_end(0, {"loss": 0.5})
    log.on_train_end()
    with (tmp_path / "a" / "b" / "trial-4.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert (line["epoch"], line["loss"]) == ("0", "0.5")


def test_a_users_callback_is_new_for_each_trial(user_module):
    given = {"kind": "custom", "callback": f"{user_module}:Touch", "params": {"stop_at": 2}}
    (first,), (second,) = built(given), built(given)
    assert first is not second and isinstance(first, keras.callbacks.Callback) and first.stop_at == 2


def test_a_users_callback_that_does_not_import_is_named():
    with pytest.raises(ModelError, match=r"training.callbacks must be importable.*'no_such_module'"):
        built({"kind": "custom", "callback": "no_such_module:Class"})


def test_tensorboard_writes_into_the_studys_folder_and_histograms_where_asked(tmp_path):
    callbacks = ({"kind": "tensorboard", "histogram_freq": 2},)
    plan = Plan(
        4, 0, TrainingSpec(callbacks=callbacks), Objective("val_loss", "minimize"), directory=tmp_path
    )
    (log,) = build_callbacks(plan)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="dense")])
    log.set_model(model)
    for epoch in range(4):
        log.on_epoch_end(epoch, {"loss": 0.5})
    log.on_train_end()
    (file,) = (tmp_path / "tensorboard" / "trial-4" / "train").iterdir()
    events = [tf.compat.v1.Event.FromString(e.numpy()) for e in tf.data.TFRecordDataset(str(file))]
    found = [(e.step, v.tag, v.histo) for e in events for v in e.summary.value if v.HasField("histo")]
    names = ["dense/kernel/histogram", "dense/bias/histogram"]
    assert [(step, tag) for step, tag, _ in found] == [(epoch, name) for epoch in (1, 3) for name in names]
    kernel = model.get_weights()[0]
    assert found[0][2].num == sum(found[0][2].bucket) == kernel.size
    assert (found[0][2].min, found[0][2].max) == (kernel.min(), kernel.max())


@pytest.mark.parametrize("first", [0, 2])
def test_tensorboard_shows_each_epoch_once_after_an_attempt_that_was_lost(tmp_path, first):
    training = TrainingSpec(callbacks=({"kind": "tensorboard"},))
    plan = Plan(4, 0, training, Objective("val_loss", "minimize"), directory=tmp_path)
    for start, end, loss in ((0, 4, 0.5), (first, 5, 0.25)):
        (log,) = build_callbacks(plan, start)
        for epoch in range(start, end):
            log.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
    losses = [0.5] * first + [0.25] * (5 - first)
    for split in ("train", "validation"):
        folder = str(tmp_path / "tensorboard" / "trial-4" / split)
        scalars = event_accumulator.EventAccumulator(folder).Reload().Scalars("epoch_loss")
        assert [(event.step, event.value) for event in scalars] == list(enumerate(losses))
        tensors = plugin_event_accumulator.EventAccumulator(folder).Reload().Tensors("epoch_loss")
        assert [event.step for event in tensors] == list(range(5))
