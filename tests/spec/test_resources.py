"""What each trial gets: settings that cannot go together."""

from typing import Any

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (
            {"resources": {"launcher": "local", "gpus": 1}},
            "gpus must be 0 for launcher local, but got 1.0; use launcher: spark, which places GPUs",
        ),
        (
            {"resources": {"trial_seconds": 60, "fuse": 4}},
            "fuse must be 1 beside trial_seconds or memory: trials that train as one end as one, but got 4; "
            "remove one (resources.fuse)",
        ),
    ],
)
def test_what_cannot_go_together_is_refused(sections: dict[str, Any], expected: str) -> None:
    with pytest.raises(SpecError) as refused:
        StudySpec(**sections)
    assert expected in str(refused.value)
