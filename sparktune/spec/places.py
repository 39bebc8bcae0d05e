"""Where trials write: on another host, which has another present directory, as on the driver's."""

from sparktune.shared_files import absolute
from sparktune.spec.study import StudySpec
from sparktune.spec.training import Callback, CsvLog, TensorBoard


def with_absolute_places(spec: StudySpec) -> StudySpec:
    """The study with absolute folders for all that its trials write; URIs stay as they are."""
    output, training = spec.output, spec.training
    places = {"directory": absolute(output.directory)}
    if output.checkpoints is not None:
        places["checkpoints"] = absolute(output.checkpoints)
    callbacks = tuple(map(_with_absolute_folder, training.callbacks))
    sections = {
        "output": output.model_copy(update=places),
        "training": training.model_copy(update={"callbacks": callbacks}),
    }
    return spec.model_copy(update=sections)


def _with_absolute_folder(callback: Callback) -> Callback:
    if not isinstance(callback, (TensorBoard, CsvLog)) or callback.directory is None:
        return callback
    return callback.model_copy(update={"directory": absolute(callback.directory)})
