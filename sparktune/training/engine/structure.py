"""What two models must have in common to train by the same graphs."""

import json
from typing import Any

OPAQUE = (
    "Normalization",
    "Discretization",
    "Lambda",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "Hashing",
)
WIRING = ("__keras_tensor__", "__slice__")  # how a functional model says where its layers' inputs come from
OURS = (
    "sparktune>RootMeanSquaredError",
    "sparktune>OfScaledLabel",
    *(f"sparktune>{metric}" for metric in ("AreaUnderCurve", "BalancedAccuracy", "F1", "R2")),
    *(f"sparktune>{metric}" for metric in ("MacroPrecision", "MacroRecall")),
)
BEGIN = "_initializer"  # says how a weight begins, which no graph depends on
LAYER_NAMES = ("name", "keras_history", "input_layers", "output_layers")
INPUTS = {"Dropout": ("rate",), "L1": ("l1",), "L2": ("l2",), "L1L2": ("l1", "l2")}


def structure(model: Any) -> str | None:
    """Equal for compiled models that differ in weights, seeds, dropout rates and weight penalties alone.

    None where a model is more than its description says, as one with a user's layer is.
    """
    description = model.get_config()
    if not type(model).__module__.startswith("keras.") or not fully_described(description):
        return None
    goals = {name: part for name, part in model.get_compile_config().items() if name != "optimizer"}
    parts = [*all_layers(model), *getattr(model, "operations", ())]  # a slice is an operation, but no layer
    names = {part.name: f"layer-{number}" for number, part in enumerate(dict.fromkeys(parts))}
    return json.dumps([_outline(description, names), goals], sort_keys=True, default=repr)


def all_layers(model: Any) -> list[Any]:
    """The model itself and every layer in it, each once.

    Keras' public `layers` has neither the input layer of a Sequential model nor the layers inside one that is
    no model: those of Bidirectional, of attention, or the cell of an LSTM. Keras' own list is private, so it
    is used here alone.
    """
    layers: list[Any] = model._flatten_layers()
    return layers


def fully_described(node: Any) -> bool:
    """Whether every object in a description is Keras' own, or ours, and its description says all of it."""
    if isinstance(node, (list, tuple)):
        return all(map(fully_described, node))
    if not isinstance(node, dict):
        return True
    if node.get("class_name") in WIRING:
        return fully_described(node.get("config"))
    if "class_name" in node and node.get("registered_name") not in OURS:
        module, registered = str(node.get("module", "")), node.get("registered_name")
        operation = module.startswith("keras.src.ops.") and registered == node["class_name"]
        foreign = not module.startswith("keras") or (registered and not operation)
        if foreign or node["class_name"] in OPAQUE:
            return False
    return all(map(fully_described, node.values()))


def _outline(node: Any, names: dict[str, str], role: str = "") -> Any:
    """The description without names, seeds, initializers and numbers that graphs take in."""
    if isinstance(node, dict):
        inputs = INPUTS.get(str(node.get("class_name")), ()) if role != "activity_regularizer" else ()
        config = {
            key: bool(value) if key in inputs else value for key, value in (node.get("config") or {}).items()
        }
        plain = {**node, "config": config} if inputs else node
        kept = {key: value for key, value in plain.items() if key != "seed" and not key.endswith(BEGIN)}
        return {key: _outline(value, names, key) for key, value in kept.items()}
    if isinstance(node, (list, tuple)):
        return [_outline(part, names, role) for part in node]
    return names.get(node, node) if isinstance(node, str) and role in LAYER_NAMES else node
