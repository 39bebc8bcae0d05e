import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sparktune.data.dataset import Rows
from sparktune.study.export import MODULE
from sparktune.study.export_worker import evaluation_of

RUN = (
    MODULE,
    "sparktune.launch.forkserver.main",
    "sparktune.launch.spark.daemon",
    "sparktune.launch.local.worker",
)


@pytest.mark.parametrize("package", ["sparktune.study", "sparktune.launch"])
def test_a_module_that_is_run_is_not_imported_by_its_package(package):
    code = f"import sys, sparktune, {package}; [getattr({package}, n) for n in {package}.__all__]; "
    code += f"print([module for module in {RUN} if module.startswith({package!r}) and module in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_an_export_stands_though_its_model_cannot_be_evaluated_in_detail(capsys):
    rows = Rows(np.zeros((2, 1), "float32"), np.zeros(2, "float32"))
    data = SimpleNamespace(test=None, validation=rows)
    assert evaluation_of(None, data) is None
    assert "could not be evaluated in detail" in capsys.readouterr().err
    assert evaluation_of(None, SimpleNamespace(test=None, validation=Rows(rows.x[:0], rows.y[:0]))) is None
    assert capsys.readouterr().err == ""
