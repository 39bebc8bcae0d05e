import subprocess
import sys

import pytest

from sparktune.study.export import MODULE

RUN = (
    MODULE,
    "sparktune.launch.forkserver.main",
    "sparktune.launch.spark.daemon",
    "sparktune.launch.local.worker",
)


@pytest.mark.parametrize("module", RUN)
def test_a_module_that_is_run_is_not_imported_by_its_package(module):
    package = ".".join(module.split(".")[:2])
    code = f"import sys, sparktune, {package}; [getattr({package}, n) for n in {package}.__all__]; "
    code += f"sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
