"""Amounts of memory as people write them."""

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec
from sparktune.spec.byte_size import bytes_of


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("2GB", 2 * 10**9),
        ("2 gb", 2 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("64000000B", 64 * 10**6),
        ("512MiB", 2**29),
        ("1TB", 10**12),
        (2**30, 2**30),
    ],
)
def test_amounts(given: str | int, size: int) -> None:
    assert bytes_of(given) == size
    assert StudySpec(resources={"memory": given}).resources.memory == size


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("2", "must be a number of bytes, or one with a unit"),
        ("2G", "such as 2GB, but got '2G'"),
        ("much", "such as 2GB, but got 'much'"),
        ("-2GB", "such as 2GB, but got '-2GB'"),
        (2, "must be at least 64MB, but got 2"),
        ("1MB", "must be at least 64MB, but got 1000000"),
        (1.5, "must be a whole number"),
        (True, "must be a whole number"),
    ],
)
def test_what_is_no_amount_is_refused(given: object, rule: str) -> None:
    with pytest.raises(SpecError, match=rf"^memory .*{rule}.*\(resources.memory\)"):
        StudySpec(resources={"memory": given})


def test_the_document_keeps_bytes_and_the_schema_takes_both() -> None:
    spec = StudySpec(resources={"memory": "1GB"})
    assert spec.model_dump(mode="json")["resources"]["memory"] == 10**9
    assert StudySpec.model_validate(spec.model_dump(mode="json")) == spec
    kinds, none = StudySpec.model_json_schema()["$defs"]["ResourcesSpec"]["properties"]["memory"]["anyOf"]
    assert [kind["type"] for kind in (*kinds["anyOf"], none)] == ["integer", "string", "null"]
