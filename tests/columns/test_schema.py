"""What is saved with a model."""

import pytest
from pydantic import ValidationError

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.schema import Feature, Scaling, Schema
from sparktune.spec.size import MAX_VALUES

AGE = Feature(name="age")


def test_numbers_of_a_feature() -> None:
    assert (AGE.width, Feature(name="v", shape=(3,)).width, Feature(name="i", shape=(4, 5, 2)).width) == (
        1,
        3,
        40,
    )


def test_a_schema_survives_json() -> None:
    schema = Schema(
        features=(AGE, Feature(name="image", dtype="uint8", shape=(2, 2))),
        input_shape=(5,),
        task="classes",
        classes=("no", "yes", "maybe"),
        outputs=3,
        scaling=Scaling(offset=(0.5,), scale=(2.0,)),
    )
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def test_what_training_learned_may_be_larger_than_what_users_write() -> None:
    towns = CategoryEncoder(
        column_type="string", levels=tuple(map(str, range(MAX_VALUES))), values=MAX_VALUES
    )
    known = {"features": (Feature.encoded("town", towns),), "input_shape": (1,), "outputs": 1}
    schema = Schema(**known, task="regression", scaling=Scaling(offset=(0.0,) * MAX_VALUES, scale=(1.0,)))
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def test_labels_of_a_kind_stay_of_that_kind() -> None:
    for classes in ((False, True), (0, 1), (0.0, 1.0), ("0", "1")):
        schema = Schema(features=(AGE,), input_shape=(1,), task="binary", classes=classes, outputs=1)
        read = Schema.model_validate_json(schema.model_dump_json())
        assert [type(label) for label in read.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    "broken",
    [
        {"features": ()},
        {"input_shape": ()},
        {"outputs": 0},
        {"task": "ranking"},
        {"features": ({"name": "a", "unit": "cm"},)},
    ],
)
def test_what_is_no_schema(broken: dict[str, object]) -> None:
    known = {"features": (AGE,), "input_shape": (1,), "task": "regression", "outputs": 1}
    with pytest.raises(ValidationError):
        Schema.model_validate({**known, **broken})


def test_names_of_classes_are_written_only_where_there_are_some() -> None:
    known = {"features": (AGE,), "input_shape": (1,), "task": "binary", "classes": (0, 1), "outputs": 1}
    plain, named = Schema(**known), Schema(**known, class_names=("cat", "dog"))
    assert (plain.label_map, named.label_map) == ((0, 1), ("cat", "dog"))
    assert "class_names" not in plain.model_dump(mode="json")
    assert Schema.model_validate_json(named.model_dump_json()) == named
