"""Bundles that the tests share."""

import pytest

from sparktune.bundle import Bundle
from tests.bundle.models import make


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """One bundle of each task; never changed by a test."""
    return {kind: make(kind, tmp_path_factory.mktemp(kind)) for kind in ("binary", "classes", "regression")}
