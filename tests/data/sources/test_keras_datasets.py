import sys
from types import ModuleType

import numpy as np

from sparktune.data.sources.keras_datasets import load_keras_dataset


def test_the_data_set_of_that_name_is_loaded(monkeypatch):
    given = (np.zeros((3, 2, 2)), np.zeros(3)), (np.ones((1, 2, 2)), np.ones(1))
    module = ModuleType("keras.datasets.shapes")
    module.load_data = lambda: given
    monkeypatch.setitem(sys.modules, "keras.datasets.shapes", module)
    assert load_keras_dataset("shapes") is given
