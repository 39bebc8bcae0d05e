"""The data section."""

import json
import subprocess
import sys

import pytest

from sparktune.errors import SpecError
from sparktune.spec import DataSpec, SplitSpec, json_schema, parse_spec
from sparktune.spec.data import fields_of


def data(**section: object) -> DataSpec:
    return parse_spec({"data": section, "search": {"space": {"neurons": [8]}}}).data


def test_the_fields_of_a_source_are_known_without_importing_it() -> None:
    assert fields_of("npy") == (("path", "labels"), ()) and fields_of("mnist") == ((), ("path",))
    asked = "import sys; from sparktune.spec.data import fields_of; fields_of('csv')"
    subprocess.run([sys.executable, "-c", f"{asked}; sys.exit('numpy' in sys.modules)"], check=True)


@pytest.mark.parametrize("last", [1, 250, 0.2, 0.999])
def test_the_last_rows_are_a_number_or_a_share(last: float) -> None:
    split = data(validation={"last": last}).validation
    assert isinstance(split, SplitSpec) and split.last == last and type(split.last) is type(last)


@pytest.mark.parametrize("last", [0, -3, 1.0, 1.5, 0.0, -0.2, True, "0.2"])
def test_the_last_rows_are_nothing_else(last: object) -> None:
    with pytest.raises(SpecError, match=r"\(data\.validation\.last\)"):
        data(validation={"last": last})


def test_validation_may_be_none() -> None:
    spec = data(validation="none", test={"last": 3})
    assert spec.validation == "none" and list(spec.splits) == ["test"]
    assert DataSpec.model_validate(json.loads(spec.model_dump_json())) == spec


@pytest.mark.parametrize("given", [None, "None", "all", 3, []])
def test_validation_is_a_section_or_none(given: object) -> None:
    with pytest.raises(SpecError, match=r"validation must be a section .*\(data\.validation\)"):
        data(validation=given)


def test_splits_come_with_their_names() -> None:
    assert list(data(test={"last": 1}).splits) == ["test", "validation"]
    assert list(data().splits) == ["validation"]


def test_an_unknown_source_is_named_with_the_nearest() -> None:
    message = r"source must be one of digits, .* query, but got 'parket'; did you mean parquet\?"
    with pytest.raises(SpecError, match=message + r" \(data\.source\)"):
        data(source="parket", path="a", label="y")
    with pytest.raises(SpecError, match=r"did you mean parquet\? \(data\.test\.source\)"):
        data(test={"source": "parket", "path": "a"})


def test_fields_that_are_not_read() -> None:
    spec = data(source="csv", path="a", label="y", query="SELECT 1", test={"fraction": 0.1, "table": "t"})
    assert spec.unread == ["data.query (source csv)", "data.test.table"]
    assert data(source="mnist", path="a").unread == []


def test_options_are_plain_values() -> None:
    assert data(options={"a": [1, "x", {"b": None}]}).options == {"a": [1, "x", {"b": None}]}
    with pytest.raises(SpecError, match="options"):
        data(options={"a": object()})


def test_the_schema_of_the_study_file_names_the_sources() -> None:
    assert '"fashion_mnist"' in json_schema()


def test_class_names_are_two_or_more_and_different() -> None:
    assert data(class_names=["cat", "dog"]).class_names == ("cat", "dog")
    for names, message in (
        (["cat"], "must hold two names or more"),
        (["cat", "cat"], "must hold no name twice, but got 'cat'"),
        (["cat", 1], r"class_names\[1\]"),
    ):
        with pytest.raises(SpecError, match=message):
            data(class_names=names)
    with pytest.raises(SpecError, match=r"task regression, which has no classes.*class_names"):
        data(class_names=["cat", "dog"], task="regression")


def test_a_study_without_class_names_is_what_it_was_before_there_were_any() -> None:
    spec = parse_spec({"data": {}, "search": {"space": {"neurons": [8]}}})
    assert "class_names" not in spec.identity()["data"]
