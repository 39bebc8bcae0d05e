"""Which calls callbacks get, and when a driver is over."""

import keras

from sparktune.training.callback_driver import CallbackDriver


class CallRecorder(keras.callbacks.Callback):
    def __init__(self, stop_at: int = 9) -> None:
        super().__init__()
        self.calls: list[object] = []
        self.stop_at = stop_at

    def on_train_begin(self, logs=None):
        self.calls.append(("train", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(epoch)

    def on_test_begin(self, logs=None):
        self.calls.append("test")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(logs)
        self.model.stop_training = epoch + 1 == self.stop_at

    def on_train_end(self, logs=None):
        self.calls.append("end")


def taken(recorder: CallRecorder, epochs: int) -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = True  # by an earlier training
    driver = CallbackDriver(model, epochs, 4, [recorder])
    while not driver.over:
        driver.begin_epoch()
        driver.begin_evaluation()
        driver.end_epoch({"loss": 1.0}, {"loss": 2.0})
    driver.close()
    return model


def test_callbacks_hear_every_epoch_with_its_logs():
    recorder = CallRecorder()
    model = taken(recorder, epochs=2)
    logs = {"loss": 1.0, "val_loss": 2.0}
    assert recorder.calls == [("train", 2, 4), 0, "test", logs, 1, "test", logs, "end"]
    assert model.history.history == {"loss": [1.0, 1.0], "val_loss": [2.0, 2.0]}


def test_there_is_one_epoch_at_least_as_with_fit():
    class Early(CallRecorder):
        def on_train_begin(self, logs=None):
            self.model.stop_training = True

    recorder = Early(stop_at=1)
    taken(recorder, epochs=5)
    assert recorder.calls.count("test") == 1


def test_a_callback_ends_the_course():
    recorder = CallRecorder(stop_at=1)
    taken(recorder, epochs=5)
    assert recorder.calls.count("test") == 1
