"""A study in a real kernel: its display, its result, and builders that are functions of the notebook."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import nbclient
import nbformat
import pytest

from sparktune.study.progress import Progress, ProgressDisplay, Standing, in_notebook, notebook_progress
from sparktune.trial import TrialResult, TrialState

SETUP = """
import keras, numpy as np, sparktune
from keras import layers
from beside import wide
x = np.random.default_rng(0).normal(size=(80, 3)).astype("float32")
data = (x, (x[:, 0] > 0).astype("int32"))
ACTIVATION = "tanh"

@keras.saving.register_keras_serializable("notebook")
class Doubled(layers.Layer):
    def call(self, inputs):
        return 2 * inputs

def hidden(units):
    return layers.Dense(units, activation=ACTIVATION)

def build(params, input_shape, outputs):
    # one hidden layer
    last = layers.Dense(outputs, activation="sigmoid")
    return keras.Sequential([keras.Input(input_shape), hidden(params["units"]), wide(3), Doubled(), last])

def study(name, **model):
    return {
        "study": {"name": name}, "model": model,
        "search": {"space": {"units": [2, 3], "learning_rate": [0.01, 0.1]}},
        "training": {"epochs": 2}, "resources": {"launcher": "local", "parallelism": 1},
    }

def refusal(**given):
    try:
        sparktune.tune(study("named"), data=data, offline=True, **given)
    except sparktune.SparktuneError as error:
        return f"{type(error).__name__}: {error}"
"""
CELLS = {
    "named": "sparktune.tune(study('named', builder='build'), data=data, offline=True)",
    "given": (
        "result = sparktune.tune(study('given'), data=data, builder=build, offline=True)\n"
        "[result.bundle.lineage.source == (result.directory / 'builder.py').read_text(),\n"
        " result.bundle.predict(x).shape, result.outcome.states, result.bundle.manifest.engine]"
    ),
    "resumed": (
        "again = study('named', kind='builder', builder=build)\n"
        "sparktune.tune(again, data=data, offline=True).outcome.states"
    ),
    "kept": "import os\nos.environ['SPARKTUNE_FORK_SERVER']",
    "changed": "ACTIVATION = 'relu'\nrefusal(builder=build)",
    "lambda": "refusal(builder=lambda params, input_shape, outputs: None)",
}  # fmt: skip


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Any]]:
    """The outputs of a cell of a notebook that has been executed, beside a module of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "beside.py").write_text(
        "def wide(units):\n    import keras\n    return keras.layers.Dense(units)\n"
    )
    cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, *CELLS.values())]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    by_name = dict(zip(CELLS, notebook.cells[1:], strict=True))
    return lambda name: by_name[name].outputs


def answer(outputs: list[Any]) -> Any:
    """The value of a cell's last line."""
    return ast.literal_eval(outputs[-1].data["text/plain"])


def test_one_display_is_updated_and_the_result_is_a_table(outputs) -> None:
    display, result = outputs("named")
    assert display.output_type == "display_data" and "4/4 trials" in display.data["text/html"]
    assert (
        display.data["text/plain"].startswith("named: 4/4 trials") and "best " in display.data["text/plain"]
    )
    assert result.output_type == "execute_result"
    html = result.data["text/html"]
    assert "best val_accuracy <b>" in html and html.count("<tr") == 5 and "learning_rate" in html
    assert html.count("<svg ") == 1 and html.count("<circle ") >= 4


def test_a_builder_of_the_notebook_trains_and_its_source_is_kept(outputs) -> None:
    same, shape, states, engine = answer(outputs("given"))
    assert (same, shape, states) == (True, (80, 1), {"COMPLETE": 4})
    assert engine == "tensorflow"  # it needs no import of the notebook's layer


def test_a_function_its_name_and_its_section_are_the_same_study(outputs) -> None:
    assert answer(outputs("resumed")) == {"COMPLETE": 4}
    assert outputs("resumed")[0].data["text/plain"].startswith("named: 4/4 trials")


def test_nothing_is_shown_elsewhere(capsys) -> None:
    assert not in_notebook()
    seen = []
    for given in (None, seen.append):
        with notebook_progress("small", Standing(None, 0, 4), given) as show:
            show("news")
    assert seen == ["news"] and capsys.readouterr() == ("", "")


def test_the_display_counts_the_trials_that_wait_for_the_pruner(monkeypatch) -> None:
    handle = Mock()
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: handle)
    display = ProgressDisplay("small", Standing(None, 0, 4))
    display.update(Progress(TrialResult(1, {}, TrialState.PAUSED), None, 1, 4, waiting=2))
    display.show()
    (content,) = handle.update.call_args.args
    assert content["text/plain"].startswith("small: 1/4 trials · 2 paused · ")


def test_the_fork_server_lives_as_long_as_the_kernel(outputs) -> None:
    assert not Path(answer(outputs("kept"))).exists()  # the kernel has ended


def test_another_source_is_another_study(outputs) -> None:
    message = answer(outputs("changed"))
    assert message.startswith("StudyDirectoryError: ") and "belongs to another study" in message
    assert "\n  model.source: " in message and "characters (sha256 " in message and len(message) < 600


def test_a_lambda_is_refused(outputs) -> None:
    assert answer(outputs("lambda")).startswith(
        "ModelError: model.builder must be a function that is defined with def, or a text package.module"
    )
