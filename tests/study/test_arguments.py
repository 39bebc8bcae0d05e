"""A builder is given in place of that of the spec."""

import pytest
import yaml

from sparktune.errors import InputError
from sparktune.spec import StudySpec
from sparktune.study.arguments import read_study_spec


def own_model(params, input_shape, outputs):
    raise NotImplementedError


def test_a_builder_takes_the_place_of_the_models_in_every_form_of_a_spec(tmp_path):
    def build(params, input_shape, outputs):
        return own_model(params, input_shape, outputs)

    mapping = {"model": {"params": {"a": 1}}, "search": {"space": {"any": [1, 2]}}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(mapping))
    earlier = {**mapping, "model": {"builder": "old", "source": "def old(): pass", "params": {"a": 1}}}
    given = [mapping, path, str(path), StudySpec(**earlier)]
    models = [read_study_spec(spec, build).model for spec in given]
    assert all(model == models[0] for model in models)
    assert (models[0].builder, models[0].params) == ("build", {"a": 1})
    assert "import own_model" in models[0].source
    assert read_study_spec(mapping, "package.module:build").model.source is None


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("mlp", "model must be a mapping where builder is given, but got 'mlp'"),
        ({"kind": "mlp"}, "builder is unknown"),
    ],
)
def test_a_builder_beside_another_kind_is_refused(model, message):
    with pytest.raises(InputError, match=message):
        read_study_spec({"model": model}, builder=own_model)
