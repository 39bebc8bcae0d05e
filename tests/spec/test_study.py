"""The spec as a whole: defaults, one trial's configuration, identity, and errors that help."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.errors import SpecError
from sparktune.spec import BuilderSpec, CnnSpec, MlpSpec, StudySpec, json_schema, parse_spec

SPACE = {"learning_rate": [0.1]}


def message(**sections: Any) -> str:
    """What a spec with these sections is refused with."""
    with pytest.raises(SpecError) as refused:
        StudySpec(**{"search": {"space": SPACE}, **sections})
    return str(refused.value)


def searching(**space: Any) -> dict[str, Any]:
    return {"search": {"space": space}}


class TestValues:
    def test_everything_has_a_default(self) -> None:
        spec = StudySpec()
        assert (spec.study.name, spec.model, spec.training.epochs) == ("study", MlpSpec(), 10)

    @pytest.mark.parametrize("search", [None, {}, {"space": {}}, {"sampler": "random", "trials": 1}])
    def test_a_search_without_a_space_is_one_trial(self, search: Any) -> None:
        spec = parse_spec({"search": search})
        assert spec.search.space == {}
        assert spec.configured({}) == (spec.model, spec.training)

    def test_a_section_that_holds_nothing_is_its_default(self) -> None:
        assert parse_spec({"training": None, "search": {"space": SPACE}}) == StudySpec(
            search={"space": SPACE}
        )

    @pytest.mark.parametrize(
        ("model", "kind"),
        [({"neurons": 3}, MlpSpec), ({"builder": "m:f"}, BuilderSpec), ({"kind": "cnn"}, CnnSpec)],
    )
    def test_a_model_without_kind(self, model: dict[str, Any], kind: type) -> None:
        assert isinstance(StudySpec(model=model, search={"space": SPACE}).model, kind)

    def test_it_is_frozen(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            StudySpec(search={"space": SPACE}).training = None  # type: ignore[assignment,misc]

    def test_numbers_of_other_libraries_become_pythons(self) -> None:
        import numpy as np

        spec = StudySpec(search={"space": {"neurons": [np.int64(3)], "dropout": (np.float64(0.5), 0.25)}})
        values = [domain.model_dump()["values"] for domain in spec.search.space.values()]
        assert values == [(3,), (0.5, 0.25)]
        assert [type(values[0][0]), type(values[1][0])] == [int, float]


class TestConfigured:
    def test_searched_names_reach_the_model_and_the_training(self) -> None:
        spec = StudySpec(search={"space": {"neurons": [3], "epochs": [2]}})
        model, training = spec.configured({"neurons": 3, "epochs": 2})
        assert isinstance(model, MlpSpec)
        assert (model.widths, training.epochs) == ((3,), 2)

    def test_hidden_layers_can_be_searched_as_lists(self) -> None:
        spec = StudySpec(search={"space": {"hidden": [[], [4, 3]]}})
        model, _ = spec.configured({"hidden": [4, 3]})
        assert isinstance(model, MlpSpec)
        assert model.widths == (4, 3)

    def test_a_builder_gets_what_is_no_field_of_training(self) -> None:
        spec = StudySpec(model={"builder": "m:f", "params": {"a": 1, "b": 2}}, **searching(b=[5], epochs=[4]))
        model, training = spec.configured({"b": 5, "epochs": 4})
        assert isinstance(model, BuilderSpec)
        assert (model.params, training.epochs) == ({"a": 1, "b": 5}, 4)


class TestIdentity:
    def test_where_it_runs_does_not_count(self) -> None:
        one = StudySpec(search={"space": SPACE})
        two = StudySpec(search={"space": SPACE}, resources={"cpus": 2}, output={"directory": "elsewhere"})
        assert one.digest() == two.digest()

    @pytest.mark.parametrize(
        "other",
        [
            {"study": {"seed": 1}},
            {"training": {"epochs": 3}},
            {"model": {"neurons": 3}},
            searching(learning_rate=[0.2]),
        ],
    )
    def test_what_decides_the_numbers_counts(self, other: dict[str, Any]) -> None:
        assert (
            StudySpec(**{"search": {"space": SPACE}, **other}).digest()
            != StudySpec(search={"space": SPACE}).digest()
        )

    def test_the_order_of_the_space_counts(self) -> None:
        one, two = (
            StudySpec(**searching(neurons=[1, 2], epochs=[3, 4])),
            StudySpec(**searching(epochs=[3, 4], neurons=[1, 2])),
        )
        assert one.digest() != two.digest()

    @pytest.mark.parametrize(
        "sections",
        [
            {"model": {"kind": "cnn", "filters": [4]}, "data": {"scale": 255}},
            {"model": {"builder": "m:f", "params": {"a": [1, {"b": None}]}}},
            {"data": {"source": "csv", "path": "a", "label": "y", "test": {"column": "s", "value": True}}},
            {"training": {"schedule": {"kind": "cosine"}, "callbacks": [{"kind": "csv", "directory": "d"}]}},
            searching(epochs={"low": 1, "high": 9, "step": 2}, dropout={"values": [0, 0.5]}),
            {
                "search": {
                    "sampler": "random",
                    "trials": 3,
                    "space": {"l2": {"low": 1e-6, "high": 1, "log": True}},
                }
            },
        ],
    )
    def test_it_survives_json(self, sections: dict[str, Any]) -> None:
        spec = StudySpec(**{"search": {"space": SPACE}, **sections})
        again = parse_spec(json.loads(json.dumps(spec.model_dump(mode="json"))))
        assert (again, again.digest()) == (spec, spec.digest())


SECTIONS = [
    ({"training": {"epochs": -1}}, "epochs must be >= 1, but got -1 (training.epochs)"),
    ({"training": {"epochs": True}}, "epochs must be a whole number, but got True (training.epochs)"),
    ({"training": {"epochs": 2.5}}, "epochs must be a whole number, but got 2.5 (training.epochs)"),
    ({"training": {"epochs": "2"}}, "epochs must be a whole number, but got '2' (training.epochs)"),
    ({"training": {"learning_rate": 0}}, "learning_rate must be > 0, but got 0 (training.learning_rate)"),
    (
        {"training": {"learning_rate": float("nan")}},
        "learning_rate must be a finite number, but got nan (training.learning_rate)",
    ),
    ({"training": {"shuffle": 1}}, "shuffle must be true or false, but got 1 (training.shuffle)"),
    ({"training": {"momentum": 1}}, "momentum must be < 1, but got 1 (training.momentum)"),
    ({"training": {"epohcs": 3}}, "epohcs is unknown; did you mean epochs? (training.epohcs)"),
    ({"trainning": {"epochs": 3}}, "trainning is unknown; did you mean training? (trainning)"),
    ({"epochs": 3}, "epochs is unknown; did you mean training.epochs? (epochs)"),
    (
        {"model": {"learning_rate": 3}},
        "learning_rate is unknown; did you mean training.learning_rate? (model.learning_rate)",
    ),
    (
        {"training": 3},
        "training must be a section of names and values, but got 3; its names are batch_size, callbacks, "
        "class_weight, clip_norm, clip_value, early_stopping, epochs, learning_rate, loss, metrics, "
        "momentum, optimizer, ... (training)",
    ),
    (
        {"search": {"pruner": "ashaa"}},
        "pruner must be one of top, asha, hyperband, pasha, median, percentile, patience, threshold, but got "
        "'ashaa'; did you mean asha? (search.pruner)",
    ),
    (
        {"data": {"validation": 0.2}},
        "validation must be a section of names and values, but got 0.2; its names are column, fraction, "
        "labels, last, options, path, query, source, table, value (data.validation)",
    ),
    (
        {"data": {"columns": {"age": {"kind": "number", "clip": 0.7}}}},
        "clip must be < 0.5 or a list, but got 0.7 (data.columns.age.clip)",
    ),
    (
        {"data": {"columns": {"age": {"kind": "category", "level": 3}}}},
        "level is unknown for kind category; did you mean levels? (data.columns.age.level)",
    ),
    (
        {"data": {"columns": {"age": {"kind": "category", "clip": 0.1}}}},
        "clip is unknown for kind category; known names: kind, levels (data.columns.age.clip)",
    ),
    (
        {"training": {"schedule": {"kind": "cosine", "alfa": 1}}},
        "alfa is unknown; did you mean alpha? (training.schedule.alfa)",
    ),
    ({"training": {"class_weight": {"a": -1}}}, "a must be > 0, but got -1 (training.class_weight.a)"),
    (
        {"training": {"callbacks": [{"kind": "csb", "directory": "d"}]}},
        "kind must be one of reduce_on_plateau, tensorboard, csv, custom, but got 'csb'; did you mean csv? "
        "(training.callbacks[0].kind)",
    ),
    (
        {"training": {"callbacks": [{}]}},
        "kind is required, but got nothing; add it (training.callbacks[0].kind)",
    ),
    (
        {"training": {"callbacks": [{"kind": "csv"}]}},
        "directory is required, but got nothing; add it (training.callbacks[0].directory)",
    ),
    (
        {"model": {"kind": "mpl"}},
        "kind must be one of mlp, cnn, rnn, linear, builder, but got 'mpl'; did you mean mlp? (model.kind)",
    ),
    ({"model": {"neuron": 3}}, "neuron is unknown; did you mean neurons? (model.neuron)"),
    (
        {"model": {"kind": "linear", "l3": 3}},
        "l3 is unknown; known names: initializer, kind, l1, l2 (model.l3)",
    ),
    ({"model": {"hidden": 128}}, "hidden must be a list, but got 128; write [128] (model.hidden)"),
    ({"model": {"hidden": [3, 0]}}, "hidden must be >= 1, but got 0 (model.hidden[1])"),
    (
        {"model": {"builder": "nonsense"}},
        "builder must look like package.module:function, but got 'nonsense'; in a notebook or script, define "
        "the function before it is named, or give the function itself (model.builder)",
    ),
    ({"model": {"builder": "m:f", "parms": {}}}, "parms is unknown; did you mean params? (model.parms)"),
    (
        {"model": {"builder": "m:f", "params": {"a": float("inf")}}},
        "a must be a finite number, but got inf (model.params.a)",
    ),
    ({"study": {"name": False}}, "name must be text, but got False; put it in quotes (study.name)"),
    ({"study": {"name": "a/b"}}, "name must match ^[A-Za-z0-9][A-Za-z0-9._-]*$, but got 'a/b' (study.name)"),
    ({"study": {"seed": -1}}, "seed must be >= 0, but got -1 (study.seed)"),
    (
        {"data": {"scale": -1}},
        "scale must be > 0 or one of auto, minmax, standardize, none, but got -1 (data.scale)",
    ),
    (
        {"data": {"source": "csv", "label": "y"}},
        "path is required for source csv, but got nothing; add path: ... (data.path)",
    ),
    (
        {"data": {"source": "table", "table": "t"}},
        "label is required for source table, but got nothing; add label: ... (data.label)",
    ),
    ({"data": {"features": []}}, "features must hold at least 1 value, but got []; add one (data.features)"),
    (
        {"data": {"validation": {"last": 3, "fraction": 0.1}}},
        "validation must have exactly one of fraction, last, column or source, but got fraction and last "
        "(data.validation)",
    ),
    (
        {"data": {"test": {"source": "npz"}}},
        "path is required for source npz, but got nothing; add path: ... (data.test.path)",
    ),
    (
        {"data": {"validation": {"fraction": 1.5}}},
        "fraction must be < 1, but got 1.5 (data.validation.fraction)",
    ),
    (
        {"objective": {"direction": "max"}},
        "direction must be one of maximize, minimize, but got 'max'; did you mean maximize? "
        "(objective.direction)",
    ),
    ({"objective": {"metric": ""}}, "metric must not be empty, but got '' (objective.metric)"),
    ({"search": {"sapce": {}, "space": SPACE}}, "sapce is unknown; did you mean space? (search.sapce)"),
    (
        {"search": {"sampler": "random", "space": SPACE}},
        "trials is required for sampler random, but got nothing; add trials: 20 (search.trials)",
    ),
]
BOUNDS = [
    ({"study": {"name": "a" * 201}}, "name must have at most 200 characters, but got 'aaaa"),
    ({"study": {"seed": 2**64}}, "seed must be <= 18,446,744,073,709,551,615, but got 18446744073709551616"),
    (
        {"study": {"seed": 10**5000}},
        "seed must be <= 18,446,744,073,709,551,615, but got a value of type int that cannot be written out",
    ),
    ({"training": {"epochs": 10**16}}, "epochs must be <= 9,007,199,254,740,992, but got 10000000000000000"),
    (
        {"model": {"builder": "m:f", "params": {"a": 10**400}}},
        "a must be a whole number of at most 1000 bits, but got 1000",
    ),
    (
        {"output": {"directory": "x" * 300}},
        "directory must have at most 255 bytes between slashes, but got 'x",
    ),
    (
        {"output": {"directory": "é" * 128}},
        "directory must have at most 255 bytes between slashes, but got 'é",
    ),
    ({"output": {"directory": "x/" * 2000}}, "directory must have at most 3,500 bytes, but got 'x/"),
    ({"data": {"source": "npz", "path": "x" * 5000}}, "path must have at most 3,500 bytes, but got 'xxx"),
    ({"data": {"source": "npz", "path": "a\0b"}}, "path must not hold a NUL character, but got 'a\\x00b'"),
    ({"data": {"source": "npz", "path": "\ud800"}}, "path must be valid Unicode text, but got '\\ud800'"),
    ({"data": {"label": "a\0"}}, "label must not hold a NUL character, but got 'a\\x00' (data.label)"),
    (
        {"training": {"callbacks": [{"kind": "csv", "directory": "x" * 300}]}},
        "directory must have at most 255 bytes between slashes",
    ),
    ({"model": {"layers": 10**9}}, "layers must be <= 200, but got 1000000000 (model.layers)"),
    ({"model": {"hidden": [1] * 1001}}, "hidden must hold at most 200 values, but got [1, 1"),
    ({"model": {"neurons": 10**7}}, "neurons must be <= 1,000,000, but got 10000000 (model.neurons)"),
    (
        {"model": {"neurons": 10**6, "layers": 2}},
        "neurons must make at most 10,000,000,000 weights (this makes 1,000,000,000,000), but got 1000000; "
        "choose a smaller model (model.neurons)",
    ),
    ({"model": {"hidden": [10**6] * 2}}, "hidden must make at most 10,000,000,000 weights"),
    ({"model": {"kind": "cnn", "filters": [10**6] * 2}}, "filters must make at most 10,000,000,000 weights"),
    ({"model": {"kind": "cnn", "hidden": [10**6] * 2}}, "hidden must make at most 10,000,000,000 weights"),
    ({"model": {"kind": "cnn", "kernel": 1001}}, "kernel must be <= 1,000, but got 1001 (model.kernel)"),
    ({"model": {"kind": "rnn", "units": 10**6}}, "units must make at most 10,000,000,000 weights"),
    ({"model": {"kind": "rnn", "layers": 201}}, "layers must be <= 200, but got 201 (model.layers)"),
    ({"model": {"kind": "rnn", "hidden": [10**6] * 2}}, "hidden must make at most 10,000,000,000 weights"),
    (
        {"model": {"kind": "rnn", "vocabulary": 10**6, "embedding": 10**6}},
        "embedding must make at most 10,000,000,000 weights",
    ),
]
SPACES = [
    ({"neurons": []}, "neurons must hold at least 1 value, but got []; add one (search.space.neurons)"),
    (
        {"neurons": {"values": []}},
        "values must hold at least 1 value, but got []; add one (search.space.neurons.values)",
    ),
    (
        {"neurons": 3},
        "neurons must be a list of values, {low, high} or {values: [...]}, but got 3; a fixed value belongs "
        "into model or training (search.space.neurons)",
    ),
    ({"neurons": [8, 16, 0]}, "neurons must be >= 1, but got 0 (search.space.neurons[2])"),
    ({"neurons": [8, True]}, "neurons must be a whole number, but got True (search.space.neurons[1])"),
    (
        {"neurons": [8, 16, 8.0]},
        "neurons must hold no value twice, but got 8.0 at [0] and [2]; remove one (search.space.neurons)",
    ),
    ({"neurons": {"low": 0, "high": 4}}, "low must be >= 1, but got 0 (search.space.neurons.low)"),
    ({"neurons": {"low": 9, "high": 4}}, "low must be < high 4, but got 9 (search.space.neurons.low)"),
    ({"neurons": {"low": True, "high": 4}}, "low must be a number, but got True (search.space.neurons.low)"),
    (
        {"neurons": {"low": 1, "high": 4, "step": 0}},
        "step must be > 0, but got 0 (search.space.neurons.step)",
    ),
    (
        {"neurons": {"low": 1, "high": 4, "step": 0.5}},
        "step must be a whole number where low and high are, but got 0.5 (search.space.neurons.step)",
    ),
    (
        {"l2": {"low": 0.0, "high": 1.0, "step": 1e-300}},
        "step must leave fewer than 2^53 values, but got 1e-300 (search.space.l2.step)",
    ),
    (
        {"l2": {"low": 0, "high": 1.0, "log": True}},
        "low must be > 0 where log is true, but got 0 (search.space.l2.low)",
    ),
    (
        {"l2": {"low": 0.0, "high": 1.0}},
        "l2 must be countable for sampler grid, but is a continuous or logarithmic range; add step: ..., "
        "list values, or use sampler: random (search.space.l2)",
    ),
    (
        {"neurons": {"lwo": 3, "low": 1, "high": 4}},
        "lwo is unknown; did you mean low? (search.space.neurons.lwo)",
    ),
    ({"neurons": {"low": 3}}, "high is required, but got nothing; add it (search.space.neurons.high)"),
    (
        {"neurons": {"values": [1], "log": True}},
        "log is unknown; known names: values, when (search.space.neurons.log)",
    ),
    ({"neurns": [3]}, "neurns is unknown; did you mean neurons? (search.space.neurns)"),
    ({"activation": ["rellu"]}, "did you mean relu? (search.space.activation[0])"),
    ({"hidden": [[4], [4, 0]]}, "hidden must be >= 1, but got 0 (search.space.hidden[1][1])"),
    ({1: [3]}, "space must have text as names, but got 1; put it in quotes (search.space)"),
    (
        {"neurons": [1, {2}]},
        "neurons must be a number, text, true, false, null, or lists or sections of them, but got {2} "
        "(search.space.neurons[1])",
    ),
    (
        {"hidden": [[4], [10**6, 10**6]]},
        "hidden must make at most 10,000,000,000 weights (this makes 1,000,000,000,000), but got "
        "(1000000, 1000000); choose a smaller model (search.space.hidden[1])",
    ),
    (
        {"neurons": [8, 10**5], "layers": {"low": 1, "high": 200}},
        "space must make at most 10,000,000,000 weights (this makes 1,990,000,000,000), but got "
        "{'neurons': 100000, 'layers': 200}; choose a smaller model (search.space)",
    ),
    (
        {"hidden": [[4]], "layers": [1]},
        "layers has no effect: hidden names the width of every layer; remove one of them",
    ),
    (
        {"momentum": [0.5]},
        "momentum has no effect: no trial has optimizer momentum or nesterov; set training.optimizer",
    ),
    ({"momentum": [0.5], "optimizer": ["sgd", "adam"]}, "momentum has no effect"),
]


class TestMessages:
    @pytest.mark.parametrize(("sections", "expected"), SECTIONS)
    def test_a_section(self, sections: dict[str, Any], expected: str) -> None:
        assert message(**sections) == expected

    @pytest.mark.parametrize(("sections", "expected"), BOUNDS)
    def test_a_bound(self, sections: dict[str, Any], expected: str) -> None:
        assert message(**sections).startswith(expected)
        assert "\n" not in message(**sections)
        assert len(message(**sections)) < 300

    @pytest.mark.parametrize(("space", "expected"), SPACES)
    def test_the_space(self, space: dict[Any, Any], expected: str) -> None:
        assert expected in message(search={"space": space})
        assert "\n" not in message(search={"space": space})

    def test_short_names_of_losses_and_metrics_are_known(self) -> None:
        training = {"loss": "mse", "metrics": ["mae", "rmse"]}
        spec = parse_spec(
            {
                "search": {"space": {"neurons": [1]}},
                "training": training,
                "objective": {"metric": "val_rmse"},
            }
        )
        assert spec.training.loss == "mean_squared_error"
        assert spec.training.metrics == ("mean_absolute_error", "root_mean_squared_error")
        assert spec.objective.metric == "val_root_mean_squared_error"

    def test_every_broken_rule_has_its_line(self) -> None:
        lines = message(training={"epochs": 0, "batch_sise": 3}, study={"seed": -1}).splitlines()
        assert lines == [
            "seed must be >= 0, but got -1 (study.seed)",
            "epochs must be >= 1, but got 0 (training.epochs)",
            "batch_sise is unknown; did you mean batch_size? (training.batch_sise)",
        ]

    def test_hidden_and_neurons_do_not_go_together(self) -> None:
        assert "has no effect" in message(model={"hidden": [4]}, search={"space": {"neurons": [4]}})

    def test_an_embedding_needs_a_vocabulary(self) -> None:
        assert "vocabulary is given" in message(model={"kind": "rnn"}, search={"space": {"embedding": [4]}})
        StudySpec(model={"kind": "rnn", "vocabulary": 9}, search={"space": {"embedding": [4]}})

    def test_momentum_may_be_searched_where_a_trial_has_it(self) -> None:
        StudySpec(search={"space": {"momentum": [0.5]}}, training={"optimizer": "nesterov"})
        StudySpec(search={"space": {"momentum": [0.5], "optimizer": ["adam", "momentum"]}})

    def test_a_long_value_is_cut(self) -> None:
        assert len(message(training={"epochs": "x" * 5000})) < 200

    def test_a_cycle_is_refused(self) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        assert "must not be nested deeper" in message(search={"space": {"hidden": [cycle]}})

    @pytest.mark.parametrize("given_", [None, 3, [], "text", {1: 2}])
    def test_what_is_no_mapping_of_sections(self, given_: Any) -> None:
        with pytest.raises(SpecError):
            parse_spec(given_)


NAMES = """space kind values low high step log neurons epochs builder schedule callbacks uri sampler trials
scale validation mlp params class_weight"""
KEYS = st.sampled_from([*StudySpec.model_fields, *NAMES.split()])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.dates() | st.binary(max_size=3)
    | st.sampled_from(["mlp", "cnn", "builder", "random", "cosine", "csv", "m:f", 10**400, object])
)  # fmt: skip
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.integers() | st.text(max_size=3), inner, max_size=4)
        | st.tuples(inner)
    ),
    max_leaves=25,
)


class TestAnything:
    @given(document=DOCUMENTS)
    def test_any_value_is_a_spec_or_a_spec_error(self, document: Any) -> None:
        try:
            parse_spec(document)
        except SpecError as error:
            assert str(error)

    @given(section=st.sampled_from([*StudySpec.model_fields]), content=DOCUMENTS, space=DOCUMENTS)
    def test_any_section_is_a_spec_or_a_spec_error(self, section: str, content: Any, space: Any) -> None:
        try:
            parse_spec({"search": {"space": space}, section: content})
        except SpecError as error:
            assert str(error)

    @given(
        space=st.dictionaries(
            st.sampled_from(["neurons", "dropout", "hidden", "loss", "schedule"]), DOCUMENTS, min_size=1
        )
    )
    def test_any_space_is_a_spec_or_a_spec_error(self, space: Any) -> None:
        try:
            parse_spec({"search": {"space": space}})
        except SpecError as error:
            assert "search" in str(error)


def test_the_schema_is_json_and_knows_every_section() -> None:
    assert set(json.loads(json_schema())["properties"]) == set(StudySpec.model_fields)


def test_it_loads_without_the_heavy_libraries() -> None:
    heavy = ("numpy", "pandas", "keras", "mlflow", "pyspark")
    code = f"import sys, sparktune.spec.examples; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
