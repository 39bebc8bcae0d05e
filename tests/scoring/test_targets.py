"""Outputs that are refused before any job."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import ScoringError
from sparktune.scoring.targets import check_lasting, check_target, check_target_name


@pytest.mark.parametrize("target", [".", "./", "..", "/", ""])
def test_a_target_has_a_name_of_its_own(target: str) -> None:
    with pytest.raises(ScoringError, match="must have a name of its own"):
        check_target_name("in", target, "overwrite")


def test_a_target_is_free_or_may_be_replaced(spark: Any, tmp_path: Path) -> None:
    check_target(spark, "in", str(tmp_path / "free"), "error")
    check_target(spark, "in", str(tmp_path), "overwrite")
    with pytest.raises(ScoringError, match="exists already"):
        check_target(spark, "in", str(tmp_path), "error")
    for target in ("out.csv.gz", "a/out.GZ/"):
        with pytest.raises(ScoringError, match=r"must not be compressed, but .* ends in \.(gz|GZ); leave"):
            check_target(spark, "in", target, "overwrite")


@pytest.mark.parametrize(("target", "lasts"), [("scored", False), ("default.scored", False), ("a/b", True)])
def test_a_table_that_would_be_forgotten_is_refused(spark: Any, target: str, lasts: bool) -> None:
    if lasts:
        check_lasting(spark, target)
        return
    with pytest.raises(ScoringError, match="forgotten when this command ends"):
        check_lasting(spark, target)
