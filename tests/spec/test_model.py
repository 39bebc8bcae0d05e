"""Kinds of models by name."""

import subprocess
import sys

import pytest

from sparktune.errors import SpecError
from sparktune.spec import KINDS, MlpSpec, RnnSpec, StudySpec, parse_spec
from sparktune.spec.model import default_model, registered_kinds, with_kind

SPACE = {"space": {"learning_rate": [0.1]}}


def test_every_built_in_kind_is_registered_under_its_own_name():
    assert [kind.model_fields["kind"].default for kind in registered_kinds()] == KINDS.names
    assert KINDS.names[:5] == ["mlp", "cnn", "rnn", "linear", "builder"]


def test_a_section_without_a_kind_is_an_mlps_or_a_builders():
    assert with_kind({"neurons": 3}) == {"kind": "mlp", "neurons": 3}
    assert with_kind({"builder": "m:f"})["kind"] == "builder"
    assert default_model() == StudySpec(search=SPACE).model == MlpSpec()


def test_a_spec_may_hold_the_section_itself():
    assert StudySpec(search=SPACE, model=RnnSpec(units=3)).model == RnnSpec(units=3)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"kind": "mpl"},
            r"kind must be one of mlp, cnn, rnn, linear, builder, but got 'mpl'; did you mean mlp\?",
        ),
        ({"kind": "cnn", "unit": 3}, r"unit is unknown"),
        ({"kind": "rnn", "cells": "gru"}, r"cells is unknown; did you mean cell\?"),
        ("mlp", "must be a section"),
    ],
)
def test_what_is_no_kind_is_refused(model, message):
    with pytest.raises(SpecError, match=message):
        parse_spec({"search": SPACE, "model": model})


def test_a_study_survives_json_whatever_its_kind():
    for model in ({"kind": "cnn", "filters": [4]}, {"builder": "m:f", "params": {"a": [1]}}, {"hidden": [3]}):
        spec = parse_spec({"search": SPACE, "model": model})
        assert StudySpec.model_validate_json(spec.model_dump_json()) == spec
        assert parse_spec(spec.model_dump(mode="json")).digest() == spec.digest()


def test_reading_a_study_loads_neither_keras_nor_numpy():
    code = (
        "import sys, sparktune.spec as s; assert 'sparktune.training' not in sys.modules;"
        "s.parse_spec({'search': {'space': {'units': [3]}}, 'model': {'kind': 'rnn'}});"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr
