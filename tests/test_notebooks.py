"""Each notebook runs from its first cell to its last, offline; committed outputs are small and clean."""

import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from notebooks.execute import HERE, NAMES, executed

MOST_BYTES = 200_000
TITLES = [
    "01_hello_world",
    "02_image_classes",
    "03_tuning_on_spark",
    "04_cnn_and_transfer",
    "05_sequences",
    "06_overfitting",
    "07_scoring",
    "08_serving",
    "09_raw_tables",
]
# what differs on each machine and at each run
ABSOLUTE = re.compile(r"/(?:tmp|home|root|work|Users)/|\b(?:\d{1,3}\.){3}\d{1,3}\b(?<!127\.0\.0\.1)")


def test_the_list_is_complete() -> None:
    assert NAMES == TITLES


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name: str, fork_server: None) -> None:
    code = [cell for cell in executed(name).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_has_small_outputs_without_places_and_errors(name: str) -> None:
    path = HERE / f"{name}.ipynb"
    assert path.stat().st_size < MOST_BYTES
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    texts = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
    assert not [text for text in texts if ABSOLUTE.search(text)]


def test_a_folder_of_images_takes_the_place_of_the_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for split, rows in (("train", 5), ("t10k", 2)):
        images, labels = np.arange(rows * 6, dtype=">u1").reshape(rows, 2, 3), np.arange(rows, dtype=">u1")
        for name, numbers in ((f"{split}-images-idx3-ubyte", images), (f"{split}-labels-idx1-ubyte", labels)):
            sizes = np.array(numbers.shape, ">i4").tobytes()
            (tmp_path / name).write_bytes(bytes([0, 0, 8, numbers.ndim]) + sizes + numbers.tobytes())
    monkeypatch.setenv("SPARKTUNE_IMAGES", str(tmp_path))
    notebook = nbformat.read(HERE / "02_image_classes.ipynb", as_version=4)
    known: dict[str, Any] = {}
    exec(next(cell.source for cell in notebook.cells if cell.cell_type == "code"), known)
    assert (known["images"].shape, known["test_images"].shape) == ((5, 2, 3), (2, 2, 3))
    assert (known["labels"].tolist(), known["brightest"]) == ([0, 1, 2, 3, 4], 255)


def test_a_folder_for_each_class_takes_the_place_of_the_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for row in range(5):
            Image.fromarray(np.full((2, 3), row, "uint8")).save(tmp_path / name / f"{row}.png")
    monkeypatch.setenv("SPARKTUNE_IMAGES", str(tmp_path))
    notebook = nbformat.read(HERE / "02_image_classes.ipynb", as_version=4)
    known: dict[str, Any] = {}
    exec(next(cell.source for cell in notebook.cells if cell.cell_type == "code"), known)
    assert (known["images"].shape, known["test_images"].shape) == ((8, 2, 3), (2, 2, 3))
    assert (known["labels"].tolist(), known["names"]) == ([0] * 4 + [1] * 4, ["cat", "dog"])
