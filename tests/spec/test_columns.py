"""What a study says of columns."""

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec, parse_spec


def test_kinds_options_and_ignored_columns() -> None:
    columns = {"city": {"kind": "category", "levels": 50}, "age": "number", "note": "ignore"}
    spec = parse_spec({"data": {"columns": columns}})
    assert spec.data.ignored == ["note"]
    said = spec.model_dump(mode="json")["data"]["columns"]
    assert said["city"] == {"kind": "category", "levels": 50}
    assert said["age"] == {"kind": "number", "missing": "median", "flag": None, "clip": None}
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("numbr", r"kind must be one of number, .*, but got 'numbr'; did you mean number\? .*columns.age"),
        ({"levels": 3}, r"kind is required, but got nothing; add kind: number, .* \(data.columns.age.kind\)"),
        ({"kind": "category", "levels": 0}, r"levels must be >= 1, but got 0 \(data.columns.age.levels\)"),
        ({"kind": "category", "level": 3}, r"level is unknown.*\(data.columns.age.level\)"),
        (3, r"age must be ignore, a kind of encoder, or a section with a kind, but got 3"),
    ],
)
def test_what_is_refused(said: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec({"data": {"columns": {"age": said}}})


def test_an_ignored_column_is_no_feature() -> None:
    with pytest.raises(SpecError, match=r"age must not be ignored, as data.features names it"):
        parse_spec({"data": {"features": ["age"], "columns": {"age": "ignore"}}})


def test_studies_from_before_keep_their_identity() -> None:
    identity = parse_spec({}).identity()
    assert "columns" not in identity["data"] and identity["data"]["scale"] == "none"
    assert "embedding" not in identity["model"]
    assert parse_spec({"model": {"kind": "rnn"}}).identity()["model"]["embedding"] == 32
