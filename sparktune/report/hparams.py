"""A study on TensorBoard's HParams page: parameters and values, beside the runs that trials have written."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sparktune.errors import InputError
from sparktune.files import write_atomically
from sparktune.report.axis import Axis
from sparktune.report.record import StudyRecord, TrialRecord
from sparktune.report.series import axis_of, parameters
from sparktune.spec import StudySpec
from sparktune.spec.training import TensorBoard
from sparktune.trial import TrialState

FILE = "events.out.tfevents.{seconds}.hparams"
VALUE = "objective"  # the tag of a trial's value; in front of the name of each of several objectives


def tensorboard_folder(spec: StudySpec) -> Path | None:
    """Where trials write their events; None where the study has no such callback."""
    callbacks = [c for c in spec.training.callbacks if isinstance(c, TensorBoard)]
    return callbacks[0].folder(spec.study_directory) if callbacks else None


def write_hparams(study: StudyRecord, folder: Path) -> None:
    """Write what is searched into `folder`, and each trial's parameters and value into `folder/trial-N`.

    What an earlier call wrote is replaced.

    Raises:
        InputError: TensorBoard is not installed.
        OSError: a file cannot be written.
    """
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise InputError("HParams need TensorBoard; run: pip install 'sparktune[tensorboard]'") from None
    axes = [axis_of(study, name) for name in parameters(study)]
    _write(folder, study, [_experiment(study, axes)])
    for trial in study.trials:
        _write(folder / f"trial-{trial.number}", study, _session(study, trial, axes))


def _experiment(study: StudyRecord, axes: Sequence[Axis]) -> Any:
    """What is searched, and that the objective is what counts."""
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    infos = []
    for axis in axes:
        words = axis.kind == "category"
        info = api_pb2.HParamInfo(
            name=axis.name, type=api_pb2.DATA_TYPE_STRING if words else api_pb2.DATA_TYPE_FLOAT64
        )
        if words:
            info.domain_discrete.extend(axis.values)
        else:
            info.domain_interval.min_value, info.domain_interval.max_value = axis.low, axis.high
        infos.append(info)
    tags = {VALUE: study.objective.metric}
    tags |= {f"{VALUE}.{metric.metric}": metric.metric for metric in study.objective.metrics}
    metrics = [
        api_pb2.MetricInfo(name=api_pb2.MetricName(group="", tag=tag), display_name=name)
        for tag, name in tags.items()
    ]
    experiment = api_pb2.Experiment(
        name=study.name, hparam_infos=infos, metric_infos=metrics, time_created_secs=study.created
    )
    return _hparams(metadata.EXPERIMENT_TAG, plugin_data_pb2.HParamsPluginData(experiment=experiment))


def _session(study: StudyRecord, trial: TrialRecord, axes: Sequence[Axis]) -> list[Any]:
    """A trial's parameters, its value, and how it ended."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    number = f"trial {trial.number}"
    start = plugin_data_pb2.SessionStartInfo(
        group_name=number, start_time_secs=trial.started or study.created
    )
    for axis in axes:
        if axis.name not in trial.params:  # it depends on another one
            continue
        value = trial.params[axis.name]
        if axis.kind == "category":
            start.hparams[axis.name].string_value = str(value)
        else:
            start.hparams[axis.name].number_value = value
    started = plugin_data_pb2.HParamsPluginData(session_start_info=start)
    found = [_hparams(metadata.SESSION_START_INFO_TAG, started)]
    if trial.value is not None:
        found.append(summary_pb2.Summary.Value(tag=VALUE, simple_value=trial.value))
    for name, value in trial.values.items():
        found.append(summary_pb2.Summary.Value(tag=f"{VALUE}.{name}", simple_value=value))
    if trial.state.terminal:
        good = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        status = api_pb2.STATUS_SUCCESS if good else api_pb2.STATUS_FAILURE
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=trial.ended or study.created)
        ended = plugin_data_pb2.HParamsPluginData(session_end_info=end)
        found.append(_hparams(metadata.SESSION_END_INFO_TAG, ended))
    return found


def _hparams(tag: str, content: Any) -> Any:
    """A summary whose content only the HParams page reads."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.hparams import metadata

    described = metadata.create_summary_metadata(content)
    return summary_pb2.Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)


def _write(folder: Path, study: StudyRecord, values: list[Any]) -> None:
    """An event file with these summaries; its name is the same each time."""
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    records = RecordWriter(content)
    version = event_pb2.Event(wall_time=study.created, file_version="brain.Event:2")
    records.write(version.SerializeToString())
    for value in values:
        summary = summary_pb2.Summary(value=[value])
        records.write(event_pb2.Event(wall_time=study.created, summary=summary).SerializeToString())
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE.format(seconds=int(study.created)), content.getvalue())
