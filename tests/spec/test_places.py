"""Where trials write."""

from sparktune.spec import StudySpec
from sparktune.spec.places import with_absolute_places

OWN = {"kind": "custom", "callback": "a:B", "params": {"folder": "logs"}}


def study(folder: str, checkpoints: str | None) -> StudySpec:
    """A study that writes to places below `folder`."""
    callbacks = [
        {"kind": "tensorboard"},
        {"kind": "tensorboard", "directory": f"{folder}events"},
        {"kind": "csv", "directory": f"{folder}logs"},
        OWN,
    ]
    return StudySpec(
        study={"name": "s"},
        output={"directory": f"{folder}studies", "checkpoints": checkpoints},
        training={"callbacks": callbacks},
    )


def test_relative_folders_are_those_of_the_present_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    placed = with_absolute_places(study("", "large"))
    assert placed == study(f"{tmp_path}/", f"{tmp_path}/large")
    assert placed.study_directory == tmp_path / "studies/s"
    assert placed.shared_checkpoints == f"{tmp_path}/large/s"


def test_a_tilde_is_the_folder_of_the_user(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert study("~/", "~/large") == study("/home/ada/", "/home/ada/large")
    warm = StudySpec(study={"name": "s"}, search={"warm_start": {"study": "~/studies/a", "weights": True}})
    assert warm.search.warm_start.study == "/home/ada/studies/a"
    assert study("a~/", "s3://~/large").output.directory == "a~/studies"


def test_absolute_folders_and_uris_stay():
    for checkpoints in (None, "/large", "s3://bucket/large"):
        placed = study("/mnt/", checkpoints)
        assert with_absolute_places(placed) == placed
