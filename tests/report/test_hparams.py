"""What TensorBoard's HParams page reads, by TensorBoard's own messages."""

import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import InputError
from sparktune.report import StudyRecord, hparams, read_study
from sparktune.report.axis import Axis
from sparktune.report.hparams import tensorboard_folder, write_hparams
from sparktune.report.series import axis_of
from sparktune.spec import parse_spec
from tests.report.ledgers import several

Written = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def written(grid: StudyRecord, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Each summary by run and tag; the study is written twice, as where it is resumed."""
    folder = tmp_path_factory.mktemp("events")
    for _ in range(2):
        write_hparams(grid, folder)
    return {str(file.parent.relative_to(folder)): summaries(file) for file in folder.rglob("events.*")}


def summaries(file: Path) -> dict[str, Any]:
    """The summaries in an event file by tag. A record is its length, a checksum, the data and a checksum."""
    from tensorboard.compat.proto import event_pb2

    content, events = file.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        events.append(event_pb2.Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    assert events[0].file_version == "brain.Event:2"
    return {value.tag: value for event in events for value in event.summary.value}


def test_every_trial_is_a_run_with_its_value(written: Written, grid: StudyRecord) -> None:
    assert set(written) == {".", *(f"trial-{number}" for number in range(18))}
    assert written["trial-0"]["objective"].simple_value == pytest.approx(grid.trial(0).value)
    assert "objective" not in written["trial-5"]


def content(run: dict[str, Any], name: str) -> bytes:
    found: bytes = run[f"_hparams_/{name}"].metadata.plugin_data.content
    return found


def test_the_experiment_says_what_is_searched(written: Written) -> None:
    from tensorboard.plugins.hparams import metadata

    experiment = metadata.parse_experiment_plugin_data(content(written["."], "experiment"))
    infos = {info.name: info for info in experiment.hparam_infos}
    assert list(infos) == ["neurons", "learning_rate", "optimizer"]
    assert infos["learning_rate"].domain_interval.max_value == 0.1
    assert [value.string_value for value in infos["optimizer"].domain_discrete.values] == ["sgd", "adam"]
    (metric,) = experiment.metric_infos
    assert (metric.name.tag, metric.display_name) == ("objective", "val_accuracy")


def test_each_of_several_objectives_has_a_column(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import metadata

    write_hparams(read_study(several(tmp_path / "small")), tmp_path / "events")
    own, trial = (summaries(next((tmp_path / "events" / run).glob("events.*"))) for run in (".", "trial-1"))
    experiment = metadata.parse_experiment_plugin_data(content(own, "experiment"))
    assert [info.display_name for info in experiment.metric_infos] == [
        "val_accuracy",
        "val_accuracy",
        "parameters",
    ]
    assert trial["objective.parameters"].simple_value == 3850


def test_each_trial_has_its_parameters_and_its_end(written: Written) -> None:
    from tensorboard.plugins.hparams import api_pb2, metadata

    start = metadata.parse_session_start_info_plugin_data(content(written["trial-5"], "session_start_info"))
    assert start.hparams["neurons"].number_value == 16
    assert start.hparams["optimizer"].string_value == "adam"
    for trial, status in ((5, api_pb2.STATUS_FAILURE), (6, api_pb2.STATUS_SUCCESS)):
        end = content(written[f"trial-{trial}"], "session_end_info")
        assert metadata.parse_session_end_info_plugin_data(end).status == status


def test_a_parameter_that_a_trial_does_not_have_is_left_out(grid: StudyRecord, tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import metadata

    first = replace(grid.trials[0], params={"neurons": 16})
    write_hparams(replace(grid, trials=(first, *grid.trials[1:])), tmp_path)
    (file,) = (tmp_path / "trial-0").iterdir()
    start = metadata.parse_session_start_info_plugin_data(content(summaries(file), "session_start_info"))
    assert [*start.hparams] == ["neurons"]


def test_each_parameter_is_looked_up_once_however_many_trials_there_are(
    grid: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(study: StudyRecord, name: str) -> Axis:
        asked.append(name)
        return axis_of(study, name)

    monkeypatch.setattr(hparams, "axis_of", counted)
    write_hparams(grid, tmp_path)
    assert asked == ["neurons", "learning_rate", "optimizer"]


def test_the_folder_is_that_of_the_callback() -> None:
    def folder(*callbacks: dict[str, object]) -> Path | None:
        training = {"callbacks": [*callbacks]}
        document = {"study": {"name": "s"}, "training": training, "output": {"directory": "d"}}
        return tensorboard_folder(parse_spec(document))

    assert folder() is None
    assert folder({"kind": "tensorboard"}) == Path("d/s/tensorboard")
    assert folder({"kind": "tensorboard", "directory": "/shared/logs"}) == Path("/shared/logs")


def test_without_tensorboard_it_says_what_to_install(
    grid: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(InputError, match=r"pip install 'sparktune\[tensorboard\]'"):
        write_hparams(grid, tmp_path)
