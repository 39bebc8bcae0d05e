"""TensorBoard event files, written without the tensorboard package, which TensorFlow no longer brings."""

import time
from pathlib import Path
from typing import Any, final

FILE = "events.out.tfevents.{}.sparktune"  # with the time in nanoseconds: they are read in the order of names
BINS = 30


@final
class EventLog:
    """A folder of event files for each split, with the tags of Keras' own callback: epoch_loss, ...

    Where `first` epochs were trained before, these stay; later ones, of an attempt that was lost, do not.
    """

    def __init__(self, folder: Path, first: int = 0) -> None:
        self._writers = {split: _writer(folder / split, first) for split in ("train", "validation")}

    def epoch_ended(self, epoch: int, logs: dict[str, Any]) -> None:
        """Write an epoch's metrics; `epoch` counts from 0, as Keras counts."""
        import tensorflow as tf

        for name, value in logs.items():
            split = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            summary = tf.compat.v1.Summary(
                value=[tf.compat.v1.Summary.Value(tag=tag, simple_value=float(value))]
            )
            event = tf.compat.v1.Event(wall_time=time.time(), step=epoch, summary=summary)
            self._writers[split].write(event.SerializeToString())
        for writer in self._writers.values():
            writer.flush()

    def add_histograms(self, epoch: int, model: Any) -> None:
        """Write how the weights of each layer are distributed, in 30 bins."""
        import numpy as np
        import tensorflow as tf

        for variable in model.weights:
            values = np.asarray(variable, np.float64).ravel()
            counts, edges = np.histogram(values[np.isfinite(values)], bins=BINS)
            histogram = tf.compat.v1.HistogramProto(
                min=edges[0],
                max=edges[-1],
                num=len(values),
                sum=values.sum(),
                sum_squares=(values**2).sum(),
                bucket_limit=edges[1:],
                bucket=counts,
            )
            name = variable.path.removeprefix(f"{model.name}/")
            value = tf.compat.v1.Summary.Value(tag=f"{name}/histogram", histo=histogram)
            summary = tf.compat.v1.Summary(value=[value])
            event = tf.compat.v1.Event(wall_time=time.time(), step=epoch, summary=summary)
            self._writers["train"].write(event.SerializeToString())
        self._writers["train"].flush()

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()


def _writer(folder: Path, first: int) -> Any:
    """An event file is a file of TFRecords, of which the first says the version.

    The second is the start of a session: TensorBoard drops the steps from there on that earlier files have.
    """
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    if not first:
        for earlier in folder.glob(FILE.format("*")):
            earlier.unlink(missing_ok=True)
    writer = tf.io.TFRecordWriter(str(folder / FILE.format(time.time_ns())))
    version = tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")
    writer.write(version.SerializeToString())
    session = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    start = tf.compat.v1.Event(wall_time=time.time(), step=first, session_log=session)
    writer.write(start.SerializeToString())
    return writer
