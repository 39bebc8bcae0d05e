"""Event files that TensorBoard reads."""

import tensorflow as tf

from sparktune.training.events import EventLog


def events_in(folder):
    (file,) = folder.iterdir()
    return [tf.compat.v1.Event.FromString(e.numpy()) for e in tf.data.TFRecordDataset(str(file))]


def test_each_split_has_a_file_with_kerass_tags(tmp_path):
    log = EventLog(tmp_path / "trial-1")
    log.epoch_ended(0, {"loss": 0.5, "val_loss": 0.25})
    log.epoch_ended(1, {"loss": 0.4, "val_loss": 0.125})
    log.close()
    for split, values in (("train", [0.5, 0.4]), ("validation", [0.25, 0.125])):
        version, _, *events = events_in(tmp_path / "trial-1" / split)
        assert version.file_version == "brain.Event:2"
        told = [
            (event.step, value.tag, value.simple_value) for event in events for value in event.summary.value
        ]
        assert [(step, tag) for step, tag, _ in told] == [(0, "epoch_loss"), (1, "epoch_loss")]
        assert [round(value, 6) for *_, value in told] == values


def test_an_epoch_can_be_read_before_training_ends(tmp_path):
    log = EventLog(tmp_path)
    log.epoch_ended(0, {"loss": 0.5})
    kinds = [event.WhichOneof("what") for event in events_in(tmp_path / "train")]
    assert kinds == ["file_version", "session_log", "summary"]
    log.close()
