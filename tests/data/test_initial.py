"""Weights that trials begin with."""

from pathlib import Path

import numpy as np
import pytest

from sparktune.data.initial import InitialWeights

ARRAYS = [np.ones((2, 3), np.float32), np.zeros(3, np.float32)]


def test_they_survive_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", *ARRAYS)
    read = InitialWeights.read(tmp_path / "weights.npz", "mine")
    assert read.digest == InitialWeights("mine", ARRAYS).digest


@pytest.mark.parametrize(
    "other", [ARRAYS[::-1], ARRAYS[:1], [ARRAYS[0].T, ARRAYS[1]], [ARRAYS[0] * 2, ARRAYS[1]]]
)
def test_other_weights_have_another_digest_and_fit_by_their_shapes(other: list[np.ndarray]) -> None:
    weights = InitialWeights("mine", ARRAYS)
    assert InitialWeights("mine", other).digest != weights.digest
    assert weights.fit(other) is ([a.shape for a in other] == [(2, 3), (3,)])
