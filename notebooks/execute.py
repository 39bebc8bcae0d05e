"""Executes the notebooks and keeps their outputs: `python notebooks/execute.py [NAME ...]`, all by default.

Each runs in a temporary folder, so that it begins without studies. What differs at each run is not kept:
times of execution, what libraries write to standard error, and that folder's path.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from sparktune.launch.jvm.java import QUICK_START

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.ipynb"))
SECONDS = 300  # for one cell
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SPARK_LOCAL_IP": "127.0.0.1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "JDK_JAVA_OPTIONS": QUICK_START,  # a session of a minute gains nothing by the slow compiler
}


def executed(name: str) -> Any:
    """A notebook after all its cells ran, in a kernel of this interpreter, with outputs that can be kept.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    notebook = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": paths}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        client.execute(env=environment)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [kept(output, folder) for output in cell.outputs if not is_noise(output)]
    return notebook


def is_noise(output: Any) -> bool:
    """Whether an output is what a library wrote to standard error."""
    return output.output_type == "stream" and output.name == "stderr"


def kept(output: Any, folder: str) -> Any:
    """An output without the path of the folder where it was made."""
    if output.output_type == "stream":
        output.text = output.text.replace(folder, ".")
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str):
            output.data[kind] = value.replace(folder, ".")
    return output


def main(names: list[str]) -> None:
    """Execute notebooks and write them with their outputs; say how long each took and how large it is."""
    for name in names or NAMES:
        started = time.monotonic()
        path = HERE / f"{name}.ipynb"
        nbformat.write(executed(name), path)
        print(f"{name}: {time.monotonic() - started:.0f} s, {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
