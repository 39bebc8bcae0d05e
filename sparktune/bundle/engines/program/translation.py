"""A Keras model becomes a program: its layers one by one, by what Keras itself says of them."""

from typing import Any, final

from sparktune.bundle.engines.program.image_layers import IMAGE_LAYERS
from sparktune.bundle.engines.program.layers import LAYERS, Call, untranslatable
from sparktune.bundle.engines.program.operations import Shape
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.bundle.engines.program.recurrent_layers import RECURRENT_LAYERS
from sparktune.errors import BundleError

TRAINED_ONLY = (
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
)
TRANSLATORS = {**LAYERS, **IMAGE_LAYERS, **RECURRENT_LAYERS}
MODELS = ("Functional", "Sequential")
TENSOR = "__keras_tensor__"


def translate(model: Any) -> Program:
    """The program of a Keras model with one input and one output, as it predicts.

    Raises:
        BundleError: names the layer that no operation stands for.
    """
    (shape,) = [tuple(each.shape[1:]) for each in model.inputs]
    if None in shape or not shape:
        raise BundleError(f"a program needs rows of one shape, but the model takes {shape}")
    translation = _Translation(shape)
    end = translation.model(model, 0)
    if not translation.steps or end != len(translation.steps):
        raise BundleError("a program needs a layer that computes, but the model gives its input back")
    return Program(shape, tuple(translation.steps))


@final
class _Translation:
    """The steps so far, and the shape of a row of each of their values."""

    def __init__(self, shape: Shape) -> None:
        self.steps: list[Step] = []
        self.shapes = [shape]

    def model(self, model: Any, value: int) -> int:
        """The value that a model gives for the value that goes in."""
        if type(model).__name__ == "Sequential":
            for layer in model.layers:
                value = self.layer(Call(layer, (value,), (self.shapes[value],)))
            return value
        return self.graph(model, value)

    def graph(self, model: Any, value: int) -> int:
        """The same of a model whose layers are a graph, by its own description of its calls."""
        config, layers = model.get_config(), {each.name: each for each in model.operations}
        nodes = {each["name"]: each.get("inbound_nodes", []) for each in config["layers"]}
        (first,), (last,) = _histories(config["input_layers"]), _histories(config["output_layers"])
        known = {first: value}

        def value_of(history: tuple[str, int]) -> int:
            if history not in known:
                name, number = history
                # A model inside another one counts a call of its own before those that are described.
                node = nodes[name][number - (type(layers[name]).__name__ == "Functional")]
                if any(_tensors(given) for given in node["kwargs"].values()):
                    raise untranslatable(layers[name], "is called with tensors by name")
                values = tuple(map(value_of, _tensors(node["args"])))
                shapes = tuple(self.shapes[each] for each in values)
                known[history] = self.layer(Call(layers[name], values, shapes, tuple(node["args"])))
            return known[history]

        return value_of(last)

    def layer(self, call: Call) -> int:
        """The value that a call of a layer gives."""
        kind = type(call.layer).__name__
        if not type(call.layer).__module__.startswith("keras."):
            raise untranslatable(call.layer, "is not one of Keras")
        if getattr(call.layer, "compute_dtype", "float32") not in ("float32", None):
            raise untranslatable(call.layer, f"computes in {call.layer.compute_dtype}")
        if kind in MODELS:
            return self.model(call.layer, call.values[0])
        if kind in TRAINED_ONLY or kind == "InputLayer":
            return call.values[0]
        if kind not in TRANSLATORS:
            raise untranslatable(call.layer, "has no operation")
        values = call.values
        for operation in TRANSLATORS[kind](call):
            self.steps.append(Step(operation, values))
            self.shapes.append(operation.shape(*(self.shapes[value] for value in values)))
            values = (len(self.steps),)
        (value,) = values
        return value


def _histories(described: Any) -> list[tuple[str, int]]:
    """The layers, and which of their calls, that a description of inputs or outputs names; one or several."""
    several = described if isinstance(described[0], (list, tuple)) else [described]
    return [(name, number) for name, number, _ in several]


def _tensors(node: Any) -> list[tuple[str, int]]:
    """The calls that gave the tensors in a description of arguments, in order."""
    if isinstance(node, dict):
        if node.get("class_name") != TENSOR:
            return []
        name, number, _ = node["config"]["keras_history"]
        return [(name, number)]
    if isinstance(node, (list, tuple)):
        return [found for each in node for found in _tensors(each)]
    return []
