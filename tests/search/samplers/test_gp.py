"""Optuna's Gaussian process needs PyTorch."""

from importlib.util import find_spec

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_pytorch_the_study_is_refused_with_the_way_out() -> None:
    with pytest.raises(SpecError, match=r"sampler needs PyTorch.*'gp'.*pip install 'sparktune\[gp\]'"):
        StudySpec(search={"sampler": "gp", "trials": 5})
