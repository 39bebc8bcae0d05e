"""From broken rules to lines: the field, the rule, the value, the way out."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from sparktune.spec.base import Count, Fault, Section
from sparktune.spec.messages import explained, faults, line, one_of, unknown_name, way_out


class Cat(Section):
    """One kind."""

    kind: Literal["cat"] = "cat"
    lives: Count = 9


class Dog(Section):
    """Another kind."""

    kind: Literal["dog"] = "dog"
    tricks: tuple[Literal["sit", "roll"], ...] = ()


class Home(Section):
    """A document for these tests."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")] = Cat()
    size: Count | Literal["small"] = 1


def told(document: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Home.model_validate(document)
    return explained(refused.value, Home, document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"pet": {"kind": "cat", "lives": 0}}, "lives must be >= 1, but got 0 (pet.lives)"),
        ({"pet": {"kind": "cat", "live": 3}}, "live is unknown; did you mean lives? (pet.live)"),
        ({"pet": {"kind": "cat", "tricks": []}}, "tricks is unknown; known names: kind, lives (pet.tricks)"),
        ({"pet": {"kind": "cow"}}, "kind must be one of cat, dog, but got 'cow' (pet.kind)"),
        ({"pet": {}}, "kind is required, but got nothing; add it (pet.kind)"),
        (
            {"pet": {"kind": "dog", "tricks": ("sit", "rol")}},
            "tricks must be one of sit, roll, but got 'rol'; did you mean roll? (pet.tricks[1])",
        ),
        (
            {"size": "smal"},
            "size must be a whole number or one of small, but got 'smal'; did you mean small? (size)",
        ),
        ({"lives": 3}, "lives is unknown; did you mean pet.lives? (lives)"),
        ({"a\nb": 3}, "a\\nb is unknown; known names: pet, size (a\\nb)"),
        (3, "the spec must be a section of names and values, but got 3; its names are pet, size"),
    ],
)
def test_a_broken_rule_is_one_line(document: Any, expected: str) -> None:
    assert told(document) == expected


def test_each_field_has_its_line() -> None:
    lines = told({"pet": {"kind": "cat", "lives": 0}, "size": 0, "sizes": 1}).splitlines()
    assert [text.rpartition(" ")[2] for text in lines] == ["(pet.lives)", "(size)", "(sizes)"]


def test_faults_have_the_place_and_the_value() -> None:
    document = {"pet": {"kind": "cat", "lives": -1}}
    with pytest.raises(ValidationError) as refused:
        Home.model_validate(document)
    (fault,) = faults(refused.value, Home, document)
    assert (fault.path, fault.value, fault.rule) == (("pet", "lives"), -1, "must be >= 1")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("must be odd; add one", "a", 2, "b", value=4), "b must be odd, but got 4; add one (a[2].b)"),
        (Fault("is odd", "a", value="http://me:pw@host/x"), "a is odd, but got 'http://***@host/x' (a)"),
        (Fault("is missing"), "the spec is missing"),
        (Fault("must be odd", "a", value="x" * 500), f"a must be odd, but got '{'x' * 96}... (a)"),
        (Fault("is odd", "n" * 500), f"{'n' * 97}... is odd ({'n' * 97}...)"),
        (
            Fault("is odd", "a", value=10**5000),
            "a is odd, but got a value of type int that cannot be written out (a)",
        ),
    ],
)
def test_a_fault_as_a_line(fault: Fault, expected: str) -> None:
    assert line(fault) == expected


def test_the_nearest_name_is_offered_else_all() -> None:
    assert way_out("epocs", ["epochs", "loss"]) == "did you mean epochs?"
    assert way_out("zzz", ["epochs", "Adam"]) == "known names: Adam, epochs"
    assert way_out("acc", ["auc", "accuracy"]) == "did you mean accuracy?"
    assert unknown_name("mpl", ["mlp"]) == "unknown name 'mpl'; did you mean mlp?"
    assert one_of(["grid", "random"], 3) == "must be one of grid, random"
