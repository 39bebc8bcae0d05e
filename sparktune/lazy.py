"""Packages whose public names are imported when they are first used."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package.

    Args:
        package: its name.
        homes: the module of each public name, `module:name` where it is called otherwise there.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, alias = homes[name].partition(":")
        return getattr(import_module(module), alias or name)

    def names() -> list[str]:
        module = vars(sys.modules[package])
        return sorted({*homes, *module["__all__"], *(name for name in module if name.startswith("__"))})

    return find, names
