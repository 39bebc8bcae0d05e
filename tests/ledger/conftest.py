"""A small study and its results."""

import pytest

from sparktune.spec import StudySpec


@pytest.fixture
def spec() -> StudySpec:
    return StudySpec(
        study={"name": "s", "seed": 1},
        data={"source": "digits"},
        search={"space": {"neurons": [4, 8], "dropout": [0.0, 0.1, 0.2]}},
    )
