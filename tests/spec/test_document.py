"""The study file: YAML, overrides, and what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparktune.errors import SpecError
from sparktune.spec import load_spec
from sparktune.spec.document import merged, read_document

BASE = "search: {space: {neurons: [4, 8]}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "study.yaml"


def loaded(file: Path, text: str, *overrides: str) -> Any:
    file.write_text(BASE + text)
    return load_spec(file, overrides)


class TestYaml:
    @pytest.mark.parametrize("number", ["1e-3", "1E-3", "1.e-3", "0.001", "1.0e-3"])
    def test_exponents_are_numbers(self, file: Path, number: str) -> None:
        assert loaded(file, f"training: {{learning_rate: {number}}}").training.learning_rate == 0.001

    def test_a_date_is_text(self, file: Path) -> None:
        spec = loaded(file, "data: {validation: {column: day, value: 2024-01-31}}")
        assert spec.data.validation.value == "2024-01-31"

    def test_class_weights_are_named_by_any_label(self, file: Path) -> None:
        assert loaded(file, "training: {class_weight: {0: 1.0, 1: 2.5}}").training.class_weight == {
            "0": 1.0,
            "1": 2.5,
        }

    def test_yes_and_no_are_text_as_keys_and_bools_as_values(self, file: Path) -> None:
        weights = "{yes: 5, No: 1.0, on: 2, off: 3, true: 4, False: 6}"
        training = loaded(file, f"training: {{shuffle: no, class_weight: {weights}}}").training
        assert [*training.class_weight] == ["yes", "No", "on", "off", "True", "False"]
        assert training.shuffle is False

    def test_a_section_of_comments_is_its_default(self, file: Path) -> None:
        assert loaded(file, "training:\n  # epochs: 3\n").training.epochs == 10

    def test_a_key_that_stands_twice_is_refused(self, file: Path) -> None:
        with pytest.raises(
            SpecError, match="key 'epochs' must stand once, but stands again in line 4; remove one"
        ):
            loaded(file, "training:\n  epochs: 3\n  epochs: 4\n")

    @pytest.mark.parametrize(
        "text",
        [
            "a: [",
            "a: !!int x",
            "? [a]\n: b",
            "\x00",
            "a: !!python/object:os.system x",
            "a: !!timestamp x",
            "[" * 2000,
        ],
    )
    def test_what_is_no_yaml_is_refused(self, file: Path, text: str) -> None:
        with pytest.raises(SpecError, match=r"study\.yaml is not valid YAML"):
            loaded(file, text)

    @pytest.mark.parametrize("text", ["", "[1]", "3", "text"])
    def test_what_holds_no_sections_is_refused(self, file: Path, text: str) -> None:
        file.write_text(text)
        with pytest.raises(SpecError, match=r"must hold sections, but got .*sparktune init"):
            load_spec(file)

    @pytest.mark.parametrize("name", ["missing.yaml", "", "\x00"])
    def test_a_file_that_cannot_be_read_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SpecError, match="cannot read the study file"):
            load_spec(str(tmp_path / name))

    def test_a_file_that_is_no_text_is_refused(self, file: Path) -> None:
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(SpecError, match="cannot read the study file"):
            load_spec(file)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(text=st.text(max_size=60) | st.text("{}[]:,-!&*#?|>'\"\n 0123abc.~<", max_size=60))
    def test_any_text_is_a_document_or_a_spec_error(self, file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        try:
            assert isinstance(read_document(file), dict)
        except SpecError as error:
            assert str(error)


class TestOverrides:
    def test_values_are_yaml_and_sections_appear(self, file: Path) -> None:
        spec = loaded(
            file, "", "search.trials=3", "training.epochs = 7", "search.space.neurons=[1, 2]", "study.name=x"
        )
        assert (spec.search.trials, spec.training.epochs, spec.study.name) == (3, 7, "x")
        assert spec.search.space["neurons"].points == 2

    def test_a_section_that_holds_nothing_can_be_entered(self, file: Path) -> None:
        assert loaded(file, "training:\n", "training.epochs=7").training.epochs == 7

    def test_an_equals_sign_in_the_value_stays(self, file: Path) -> None:
        assert loaded(file, "", "tracking.uri=http://h?a=b").tracking.uri == "http://h?a=b"

    def test_the_document_is_left_as_it_was(self) -> None:
        document: dict[str, Any] = {"training": {"epochs": 1}}
        assert merged(document, ["training.epochs=2"]) == {"training": {"epochs": 2}}
        assert document == {"training": {"epochs": 1}}

    def test_a_later_one_wins(self) -> None:
        assert merged({}, ["a.b=1", "a.b=2"]) == {"a": {"b": 2}}

    @pytest.mark.parametrize("override", ["", "epochs", "=3", "a..b=3", ".a=3"])
    def test_what_is_no_override_is_refused(self, override: str) -> None:
        with pytest.raises(SpecError, match=r"must look like section\.key=value, but got"):
            merged({}, [override])

    def test_a_path_through_a_value_is_refused(self) -> None:
        with pytest.raises(
            SpecError, match=r"study\.name\.x cannot be set: x would lie in 'a', which is no section"
        ):
            merged({"study": {"name": "a"}}, ["study.name.x=1"])

    def test_a_value_that_is_no_yaml_is_refused(self) -> None:
        with pytest.raises(SpecError, match=r"the override 'a\.b=\[' is not valid YAML"):
            merged({}, ["a.b=["])

    def test_a_wrong_name_has_its_message(self, file: Path) -> None:
        with pytest.raises(SpecError, match="did you mean epochs"):
            loaded(file, "", "training.epcohs=3")
