"""TensorBoard event files, written without the tensorboard package, which TensorFlow no longer brings."""

import time
from pathlib import Path
from typing import Any, final

BINS = 30


@final
class EventLog:
    """A folder of event files for each split, with the tags of Keras' own callback: epoch_loss, ..."""

    def __init__(self, folder: Path) -> None:
        self._writers = {"train": _writer(folder / "train"), "validation": _writer(folder / "validation")}

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


def _writer(folder: Path) -> Any:
    """An event file is a file of TFRecords, of which the first says the version."""
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{time.time_ns()}.sparktune"))
    version = tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")
    writer.write(version.SerializeToString())
    return writer
