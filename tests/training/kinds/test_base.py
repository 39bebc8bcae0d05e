"""What every kind has: inputs scaled inside the model; and kinds of other packages."""

import doctest
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.spec import KINDS, MlpSpec
from sparktune.training import build_model
from sparktune.training.kinds import base, layered
from sparktune.training.kinds.base import ModelKind
from tests.training.kinds.contract import ModelKindContract


@pytest.mark.parametrize(
    "scaling",
    [
        Scaling(offset=(0.0,), scale=(255.0,)),
        Scaling(offset=(3.0,), scale=(2.0,)),
        Scaling(offset=(100.0, 2e-9, -5.0, 0.0, 7.0, 1e6), scale=(5.0, 1e-9, 2.0, 1.0, 1.0, 10.0)),
    ],
)
def test_scaling_is_inside_and_survives_saving(schema_of, scaling, tmp_path):
    model = build_model(MlpSpec(neurons=3), schema_of((2, 3), scaling=scaling))
    head = [type(layer).__name__ for layer in model.layers].index("Flatten")
    offset, scale = (np.resize(numbers, (2, 3)) for numbers in (scaling.offset, scaling.scale))
    x = (offset + scale * np.arange(6).reshape(1, 2, 3)).astype(np.float32)
    scaled = keras.Sequential(model.layers[:head])(x).numpy()
    np.testing.assert_allclose(scaled[0], np.arange(6).reshape(2, 3), rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())


KIND = """
from typing import Literal

from sparktune import errors
from sparktune.training import LayeredKind


class Bottleneck(LayeredKind):
    kind: Literal["bottleneck"] = "bottleneck"
    width: int = 4

    def check(self, schema):
        if self.width > 100:
            raise errors.ModelError("too wide")

    def hidden_layers(self, shape):
        import keras

        return [keras.layers.Flatten(), keras.layers.Dense(self.width, activation="tanh")]
"""

TRAINED = """
import json
import numpy as np
from sparktune.columns.schema import Feature, Schema
from sparktune.data.dataset import Dataset, Rows
from sparktune.errors import ModelError, SpecError
from sparktune.spec import StudySpec, json_schema, parse_spec
from sparktune.training import check_model, run_trial
from sparktune.trial import Trial

schema = Schema(features=[Feature(name="x", shape=(4,))], input_shape=[4], task="regression", outputs=1)
rows = Rows(np.ones((8, 4), np.float32), np.ones(8, np.float32))
spec = parse_spec({"model": {"kind": "bottleneck"}, "search": {"space": {"width": [2, 3]}}})
spec = StudySpec.model_validate_json(spec.model_dump_json())
check_model(spec, schema)
result = run_trial(Trial("s", 0, {"width": 3}, 1), spec, Dataset(rows, rows, None, schema, ""))
assert result.state == "COMPLETE", result.error
assert "Bottleneck" in json.loads(json_schema())["$defs"]

def refused(error, **model):
    try:
        given = {"model": {"kind": "bottleneck", **model}, "search": {"space": {"epochs": [1]}}}
        check_model(parse_spec(given), schema)
    except error as reason:
        return str(reason)

assert refused(SpecError, wdth=3) == "wdth is unknown; did you mean width? (model.wdth)"
assert refused(ModelError, width=101) == "too wide"
print("trained", len(result.history["loss"]))
"""


def test_a_kind_of_another_package_is_one_file_and_one_line(install):
    folder = install("kinds_of_others", KIND, {"sparktune.kinds": {"bottleneck": "Bottleneck"}})
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", TRAINED],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stdout == "trained 10\n", done.stderr


class TestBuiltIn(ModelKindContract):
    @pytest.fixture(params=KINDS.names)
    def given(self, request, user_module):
        return {
            "mlp": ({"neurons": 3}, (4,)),
            "linear": ({}, (4,)),
            "cnn": ({"filters": [2]}, (8, 8, 1)),
            "rnn": ({"units": 3}, (5, 2)),
            "builder": ({"builder": f"{user_module}:for_any_label"}, (4,)),
        }[request.param], KINDS.load(request.param)

    @pytest.fixture
    def kind(self, given):
        (fields, _), kind = given
        return kind(**fields)

    @pytest.fixture
    def shape(self, given):
        return given[0][1]


class TestOfAnotherPackage(ModelKindContract):
    shape = pytest.fixture(lambda self: (4,))

    @pytest.fixture
    def kind(self, install):
        install("kinds_of_others", KIND, {"sparktune.kinds": {"bottleneck": "Bottleneck"}})
        return KINDS.load("bottleneck")(width=3)


def test_a_kind_is_abstract_until_it_builds():
    with pytest.raises(TypeError, match="abstract"):
        ModelKind(kind="wide")


@pytest.mark.parametrize("module", [base, layered])
def test_the_examples_run(module):
    failed, tried = doctest.testmod(module)
    assert failed == 0 and tried > 2
