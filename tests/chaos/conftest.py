"""One fork server for the studies in local processes of a file."""

from collections.abc import Iterator

import pytest

from sparktune.launch import start_fork_server


@pytest.fixture(scope="module")
def fork_server() -> Iterator[None]:
    """TensorFlow is loaded once for all the studies of a file, as each finds this process and starts none."""
    with start_fork_server():
        yield
