"""What every kind of model promises, as tests; a subclass gives the fixtures `kind` and `shape`.

`kind` is a section `model`, `shape` the shape of one input that it can read.
"""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from sparktune.columns.schema import Scaling
from sparktune.training import build_model
from sparktune.training.kinds.base import ModelKind

TASKS = {"binary": 1, "classes": 3, "labels": 3, "regression": 1}


def built(kind, schema, seed=1):
    keras.utils.set_random_seed(seed)
    return build_model(kind, schema)


def rows(shape):
    return np.random.default_rng(0).random((5, *shape), "f4")


class ModelKindContract:
    @pytest.fixture(params=TASKS)
    def schema(self, request, schema_of, shape):
        return schema_of(shape, request.param, TASKS[request.param])

    def test_raw_inputs_become_as_many_outputs_as_the_label_needs(self, kind, schema, shape):
        model = built(kind, schema)
        assert isinstance(model, keras.Model) and not model.compiled
        assert model.input_shape == (None, *shape)
        answer = np.asarray(model(rows(shape)))
        assert (answer.shape, answer.dtype) == ((5, schema.outputs), np.float32)
        if schema.task != "regression":
            assert answer.min() >= 0 and answer.max() <= 1
        if schema.task == "classes":
            np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)

    def test_weights_follow_the_seed_and_scaling_is_inside(self, kind, schema_of, shape):
        x, scaling = rows(shape), {"scaling": Scaling(offset=(3.0,), scale=(2.0,))}
        plain, same, scaled = (built(kind, schema_of(shape, **more)) for more in ({}, {}, scaling))
        for first, again in zip(plain.get_weights(), same.get_weights(), strict=True):
            np.testing.assert_array_equal(first, again)
        np.testing.assert_allclose(scaled(2 * x + 3), plain(x), rtol=1e-4, atol=1e-5)

    def test_the_model_is_saved_and_loaded_in_safe_mode(self, kind, schema_of, shape, tmp_path):
        model = built(kind, schema_of(shape))
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_array_equal(again(rows(shape)), model(rows(shape)))

    def test_it_is_a_frozen_section_that_json_can_hold(self, kind):
        assert isinstance(kind, ModelKind)
        assert type(kind).model_validate_json(kind.model_dump_json()) == kind
        assert kind.kind == type(kind).model_fields["kind"].default
        with pytest.raises(ValidationError, match="frozen"):
            kind.kind = "other"
        with pytest.raises(ValidationError):
            type(kind)(**{**json.loads(kind.model_dump_json()), "no_such_field": 1})

    def test_what_can_be_searched_are_its_fields(self, kind):
        assert set(type(kind).searchable()) <= set(type(kind).model_fields) - {"kind"}
        for name in type(kind).searchable():
            value = getattr(kind, name)
            assert value is None or getattr(kind.with_params({name: value}), name) == value

    def test_its_file_is_read_where_there_is_no_tensorflow(self, kind):
        module = sys.modules[type(kind).__module__]
        code = (
            f"import runpy, sys; runpy.run_path({module.__file__!r}); sys.exit('tensorflow' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
