"""What float32 cannot hold apart is named."""

import numpy as np
import pandas as pd
import pytest

from sparktune.data.precision import SAID, coarse, conflated

ROWS = 200
SECONDS = 1.7e9 + np.arange(ROWS) * 1.5
Y = np.arange(ROWS) % 2


def test_numbers_that_float32_conflates() -> None:
    assert conflated(np.arange(2**40, 2**40 + 50)) == (50, 1)
    assert conflated(np.arange(50)) == (0, 0) and conflated(np.array([])) == (0, 0)


def test_numbers_far_from_zero_are_coarse() -> None:
    assert coarse(SECONDS) and coarse(SECONDS.astype(np.int64)) and coarse(np.append(SECONDS, np.nan))
    assert not coarse(SECONDS - SECONDS.mean()) and not coarse(SECONDS * 1000 % 1e6)
    assert not coarse(np.full(ROWS, 0.1)) and not coarse(np.arange(ROWS) + 2**23) and not coarse(np.array([]))


@pytest.mark.parametrize("words", [[], ["a", "b"]], ids=["plain", "encoded"])
def test_features_far_from_zero_are_named(load, caplog, words) -> None:
    frame = pd.DataFrame({"when": SECONDS, "near": np.arange(ROWS), "y": Y})
    load(frame.assign(**({"w": words * (ROWS // 2)} if words else {})))
    assert [record.getMessage() for record in caplog.records] == [f"data: feature 'when' has numbers {SAID}"]


def test_missing_numbers_are_not_far_from_the_others(load, caplog) -> None:
    frame = pd.DataFrame({"when": pd.array(SECONDS.astype(int), dtype="Int64"), "y": Y})
    frame.loc[::7, "when"] = None
    load(frame, columns={"when": "number"})
    assert [record.getMessage() for record in caplog.records] == [f"data: feature 'when' has numbers {SAID}"]


@pytest.mark.parametrize("label", [SECONDS, np.column_stack([Y, SECONDS])], ids=["one", "two"])
def test_a_label_far_from_zero_is_named(load, caplog, label) -> None:
    load({"a": np.arange(ROWS), "y": label})
    assert [record.getMessage() for record in caplog.records] == [f"data: label 'y' has numbers {SAID}"]
