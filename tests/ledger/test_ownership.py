"""Whose study directory is this: what is refused, field by field."""

from pathlib import Path

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger
from sparktune.ledger.journal import decode_line, encode_line
from sparktune.ledger.opening import read_existing
from sparktune.ledger.ownership import check_directory
from sparktune.spec import StudySpec

DATA = "d" * 64


def opened(folder: Path, spec: StudySpec, data: str = DATA, direction: str = "maximize") -> Ledger:
    return Ledger.open(folder / "s", spec, data, direction)


def test_another_spec_is_refused_field_by_field(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    other = StudySpec(**{**dict(spec), "training": {"epochs": 3}, "study": {"name": "s", "seed": 2}})
    with pytest.raises(StudyDirectoryError) as refused:
        opened(tmp_path, other)
    message = str(refused.value)
    assert "training.epochs: 10 there, 3 here" in message
    assert "study.seed: 1 there, 2 here" in message
    assert "set another study.name or output.directory" in message
    assert message.count("there") == 2


def test_another_space_is_named_by_its_value(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    other = StudySpec(**{**dict(spec), "search": {"space": {"neurons": [4, 16], "dropout": [0.0, 0.1, 0.2]}}})
    with pytest.raises(
        StudyDirectoryError, match=r"search.space.neurons.values: \[4, 8\] there, \[4, 16\] here"
    ):
        opened(tmp_path, other)


def test_an_empty_ledger_beside_other_files_is_refused(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    (tmp_path / "s" / "trials.csv").write_text("trial")
    (tmp_path / "s" / "ledger.jsonl").write_bytes(b"")
    with pytest.raises(
        StudyDirectoryError, match=r"holds trials\.csv and an empty ledger\.jsonl; bring it back"
    ):
        opened(tmp_path, spec)
    (tmp_path / "s" / "trials.csv").unlink()
    opened(tmp_path, spec).close()


def test_a_pruner_changes_the_study_only_by_the_epochs_of_a_trial(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    pruning = {**spec.search.model_dump(), "pruner": "top", "keep": 1, "max_epochs": 10}
    opened(tmp_path, StudySpec(**{**dict(spec), "search": pruning})).close()
    opened(tmp_path, spec).close()
    pruning["max_epochs"] = 12
    with pytest.raises(
        StudyDirectoryError, match=r"training\.epochs: 10 there, 12 here\n *\(search\.max_epochs"
    ):
        opened(tmp_path, StudySpec(**{**dict(spec), "search": pruning}))


def test_the_order_of_the_space_counts(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    other = StudySpec(**{**dict(spec), "search": {"space": {"dropout": [0.0, 0.1, 0.2], "neurons": [4, 8]}}})
    with pytest.raises(
        StudyDirectoryError, match=r"search.space: order neurons, dropout there, dropout, neurons here"
    ):
        opened(tmp_path, other)


def test_other_data_and_direction_are_refused(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    with pytest.raises(StudyDirectoryError, match=r"data are others: sha256 d{12} there, e{12} here"):
        opened(tmp_path, spec, data="e" * 64)
    with pytest.raises(StudyDirectoryError, match=r"direction: maximize there, minimize here"):
        opened(tmp_path, spec, direction="minimize")


def test_a_refused_driver_leaves_no_lock(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    with pytest.raises(StudyDirectoryError):
        opened(tmp_path, spec, data="e" * 64)
    opened(tmp_path, spec).close()


def test_where_it_runs_and_shows_may_change(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    wider = StudySpec(**{**dict(spec), "resources": {"parallelism": 7}, "tracking": {"experiment": "other"}})
    with opened(tmp_path, wider) as ledger:
        assert ledger.spec == wider
    assert Ledger.read(tmp_path / "s").spec == wider


def test_a_budget_may_be_raised_and_the_space_may_not_change(tmp_path: Path, spec: StudySpec) -> None:
    space = {"neurons": {"low": 4, "high": 64}}
    bounds = [{"trials": 2}, {"trials": 4, "budget": {"epochs": 9}}, {"trials": 3, "budget": {"target": 0.9}}]
    for bound in bounds:
        opened(tmp_path, StudySpec(**{**dict(spec), "search": {"space": space, **bound}})).close()
    other = {"space": space, "trials": 2, "constraints": ["neurons < 60"]}
    with pytest.raises(StudyDirectoryError, match=r"search.constraints: None there"):
        opened(tmp_path, StudySpec(**{**dict(spec), "search": other}))


def test_a_newer_version_is_refused(tmp_path: Path, spec: StudySpec) -> None:
    opened(tmp_path, spec).close()
    path = tmp_path / "s" / "ledger.jsonl"
    header, _ = decode_line(path.read_bytes().rstrip())
    path.write_bytes(encode_line({**header, "format": 2}))
    for attempt in (lambda: opened(tmp_path, spec), lambda: Ledger.read(path.parent)):
        with pytest.raises(StudyDirectoryError, match=r"has format 2, but .* reads up to 1; upgrade"):
            attempt()


@pytest.mark.parametrize("content", ["hello", "hello\n", "[1]\n", '{"format": 1}\n', '{"a": 2}\nrest'])
def test_a_foreign_file_of_that_name_is_refused_and_kept(
    tmp_path: Path, spec: StudySpec, content: str
) -> None:
    path = tmp_path / "s" / "ledger.jsonl"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(StudyDirectoryError, match="must begin with the header"):
        opened(tmp_path, spec)
    assert path.read_text() == content


def test_foreign_files_are_refused_and_left_alone(tmp_path: Path, spec: StudySpec) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("mine")
    with pytest.raises(
        StudyDirectoryError, match=r"holds thesis.tex and no ledger.jsonl; set another study.name"
    ):
        opened(tmp_path, spec)
    assert [p.name for p in (tmp_path / "s").iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, spec: StudySpec) -> None:
    (tmp_path / "s").write_text("mine")
    with pytest.raises(StudyDirectoryError, match="must be a folder"):
        opened(tmp_path, spec)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, spec: StudySpec) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StudyDirectoryError, match=r"cannot write to .*output.directory"):
        Ledger.open(tmp_path / "file" / "s", spec, DATA, "maximize")


def test_reading_what_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyDirectoryError, match=r"its ledger.jsonl is missing or empty"):
        Ledger.read(tmp_path)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"study": {"name": "s", "seed": 2}}, "study.seed: 1 there, 2 here"),
        ({"data": {"validation": {"fraction": 0.5}}}, "data.validation.fraction: 0.2 there, 0.5 here"),
    ],
)
def test_other_splits_are_not_called_other_data(
    tmp_path: Path, spec: StudySpec, changed: dict[str, object], named: str
) -> None:
    opened(tmp_path, spec).close()
    with pytest.raises(StudyDirectoryError) as refused:
        opened(tmp_path, StudySpec(**{**dict(spec), **changed}), data="e" * 64)
    assert named in str(refused.value) and "the data are others" not in str(refused.value)


def test_a_folder_that_the_system_does_not_show_is_refused(tmp_path: Path) -> None:
    for look in (check_directory, read_existing):
        with pytest.raises(StudyDirectoryError, match=r"n+ must be readable|jsonl must be readable"):
            look(tmp_path / ("n" * 300))


def test_a_uri_is_no_study_directory_and_makes_no_folder_of_its_name(
    tmp_path: Path, spec: StudySpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyDirectoryError, match="must be a folder of the driver's file system, not a URI"):
        opened(Path("s3://bucket/studies/s"), spec)
    assert not list(tmp_path.iterdir())
    (tmp_path / "s3:/bucket/s").mkdir(parents=True)  # which earlier versions have made
    opened(Path("s3://bucket"), spec).close()
