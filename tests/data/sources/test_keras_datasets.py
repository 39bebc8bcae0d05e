import sys
from types import ModuleType

import numpy as np

from sparktune.data.sources.keras_datasets import load_keras_dataset

CHATTY = """
import os
os.system("echo a log line >&2")
def load_data():
    print("Downloading data from afar")
    return "the data"
"""


def test_standard_output_stays_clean_and_logs_of_the_import_are_dropped(monkeypatch, tmp_path, capfd):
    (tmp_path / "chatty.py").write_text(CHATTY)
    package = ModuleType("keras.datasets")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "keras.datasets", package)
    monkeypatch.delitem(sys.modules, "keras.datasets.chatty", raising=False)
    assert load_keras_dataset("chatty") == "the data"
    assert capfd.readouterr() == ("", "Downloading data from afar\n")
    del sys.modules["keras.datasets.chatty"]


def test_the_data_set_of_that_name_is_loaded(monkeypatch):
    given = (np.zeros((3, 2, 2)), np.zeros(3)), (np.ones((1, 2, 2)), np.ones(1))
    module = ModuleType("keras.datasets.shapes")
    module.load_data = lambda: given
    monkeypatch.setitem(sys.modules, "keras.datasets.shapes", module)
    assert load_keras_dataset("shapes") is given
