"""A store that the tests of a file share."""

from collections.abc import Iterator

import mlflow
import pytest

from tests.bundle.mlflow.stores import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store; the process's tracking URI points to nowhere meanwhile."""
    former = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path_factory.mktemp("elsewhere") / "untouched").as_uri())
    yield Store(tmp_path_factory.mktemp("mlflow"))
    mlflow.set_tracking_uri(former)
