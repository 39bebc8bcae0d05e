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
LAYER_NAMES = ("name", "keras_history", "input_layers", "output_layers")
INPUTS = {"Dropout": ("rate",), "L1": ("l1",), "L2": ("l2",), "L1L2": ("l1", "l2")}


def structure(model: Any) -> str | None:
    """Equal for compiled models that differ in weights, seeds, dropout rates and weight penalties alone.

    None where a model is more than its description says, as one with a user's layer is.
    """
    description = model.get_config()
    if not type(model).__module__.startswith("keras.") or not told(description):
        return None
    goals = {name: part for name, part in model.get_compile_config().items() if name != "optimizer"}
    names = {layer.name: f"layer-{number}" for number, layer in enumerate(model._flatten_layers())}
    return json.dumps([_outline(description, names), goals], sort_keys=True, default=repr)


def told(node: Any) -> bool:
    """Whether every object in a description is Keras' own and fully described."""
    if isinstance(node, dict):
        if "class_name" in node and not str(node.get("module", "")).startswith("keras"):
            return False
        opaque = node.get("class_name") in OPAQUE or node.get("registered_name")
        return not opaque and all(told(part) for part in node.values())
    return not isinstance(node, (list, tuple)) or all(told(part) for part in node)


def _outline(node: Any, names: dict[str, str], role: str = "") -> Any:
    """The description without names, seeds and numbers that graphs take in."""
    if isinstance(node, dict):
        inputs = INPUTS.get(str(node.get("class_name")), ()) if role != "activity_regularizer" else ()
        config = {
            key: bool(value) if key in inputs else value for key, value in (node.get("config") or {}).items()
        }
        plain = {**node, "config": config} if inputs else node
        return {key: _outline(value, names, key) for key, value in plain.items() if key != "seed"}
    if isinstance(node, (list, tuple)):
        return [_outline(part, names, role) for part in node]
    return names.get(node, node) if isinstance(node, str) and role in LAYER_NAMES else node
