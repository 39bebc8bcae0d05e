"""Modules beside these tests can be imported here and by Spark's Python workers."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.launch import start_fork_server

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="module")
def fork_server() -> Iterator[None]:
    """TensorFlow is loaded once for all the studies of a file, as each finds this process and starts none."""
    with start_fork_server():
        yield
