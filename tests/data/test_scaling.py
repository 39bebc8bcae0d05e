import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.data.scaling import scaling_of

X = np.random.default_rng(0).normal(5, [1, 3, 1e-3], size=(10_000, 3)).astype(np.float32)


def scaled(x, scaling):
    return (x.reshape(len(x), -1) - scaling.offset) / scaling.scale


def test_none_and_a_constant():
    assert scaling_of("none", X) is None
    assert scaling_of(255, X) == Scaling(offset=(0.0,), scale=(255.0,))


def test_minmax_ends_at_0_and_1():
    found = scaled(X, scaling_of("minmax", X))
    np.testing.assert_allclose([found.min(axis=0), found.max(axis=0)], [[0, 0, 0], [1, 1, 1]], atol=1e-12)


def test_standardize_agrees_with_numpy():
    found = scaling_of("standardize", X)
    wide = X.astype(np.float64)
    np.testing.assert_allclose(found.offset, wide.mean(axis=0))
    np.testing.assert_allclose(found.scale, wide.std(axis=0))


@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 2), slice(0, 9)])
def test_the_moments_are_those_of_numpy_to_the_bit(columns):
    random = np.random.default_rng(0)
    wide = (random.normal(size=(9000, 9)) * 10.0 ** random.uniform(-18, 18, (9000, 9))).astype("f4")
    x = wide[:, columns]
    found = scaling_of("standardize", x)
    assert np.array(found.offset).tobytes() == x.mean(axis=0, dtype=np.float64).tobytes()
    low, high = x.min(axis=0).astype("f8"), x.max(axis=0).astype("f8")
    found = scaling_of("minmax", x)
    assert found.offset == tuple(low) and found.scale == tuple(high - low)


def test_images_are_scaled_per_number():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    found = scaling_of("standardize", images)
    assert found.offset == tuple(np.arange(12) + 6.0) and found.scale == (6.0,) * 12
    assert len(scaling_of("minmax", images).scale) == 12


@pytest.mark.parametrize("scale", ["minmax", "standardize"])
def test_a_number_that_never_changes_gets_scale_1(scale):
    x = np.full((1001, 2), 0.1, dtype=np.float32)
    x[:, 1] = np.arange(1001)
    found = scaling_of(scale, x)
    assert found.scale[0] == 1.0 and found.scale[1] > 1
    assert scaled(x, found)[:, 0] == pytest.approx(0, abs=1e-7)
