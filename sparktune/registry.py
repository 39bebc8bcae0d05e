"""Extensions by name: built-in ones as lazy `module:name` strings, other packages' as entry points."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, final

from sparktune.errors import InputError


@final
class Registry:
    """The extensions of one kind; nothing is imported before `load` asks for it.

    A built-in name wins over an entry point of the same name.

    Args:
        group: entry point group, `sparktune.samplers` say.
        builtin: `module:name` of each built-in extension.

    Example:
        >>> registry = Registry("sparktune.numbers", {"pi": "math:pi"})
        >>> registry.names, registry.load("pi")
        (['pi'], 3.141592653589793)
    """

    def __init__(self, group: str, builtin: Mapping[str, str]) -> None:
        self.group = group
        self._builtin = dict(builtin)

    @property
    def names(self) -> list[str]:
        """All names, the built-in ones first."""
        return [*self._builtin, *sorted(set(self._installed()) - set(self._builtin))]

    def __contains__(self, name: object) -> bool:
        """Whether it is one of `names`; for a built-in one no packages are looked through (5 ms)."""
        return isinstance(name, str) and (name in self._builtin or name in self._installed())

    def load(self, name: str) -> Any:
        """The extension called `name`.

        Raises:
            InputError: nothing has this name, or its package cannot be imported.
        """
        if name in self._builtin:
            module, _, attribute = self._builtin[name].partition(":")
            return getattr(import_module(module), attribute)
        point = self._installed().get(name)
        if point is None:
            raise InputError(f"{self.group} must be one of {', '.join(self.names)}, but got {name!r}")
        try:
            return point.load()
        except Exception as error:  # another package's import may raise anything
            raise InputError(f"{self.group} {name!r} cannot be imported: {error}") from error

    def _installed(self) -> dict[str, EntryPoint]:
        """Entry points by name, as they are now: a package may be installed while a notebook runs."""
        return {point.name: point for point in entry_points(group=self.group)}
