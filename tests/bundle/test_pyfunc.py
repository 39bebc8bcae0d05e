"""The loader's former place."""

from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.pyfunc import BundleModel
from sparktune.bundle.pyfunc import _load_pyfunc


def test_the_former_place_loads_the_same(bundles: dict[str, Bundle]) -> None:
    model = _load_pyfunc(str(bundles["binary"].path))
    assert isinstance(model, BundleModel)
    assert model.bundle.manifest == bundles["binary"].manifest
