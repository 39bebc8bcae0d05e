"""What the pruners share that end trials and let none wait."""

from abc import ABC
from typing import ClassVar, Self

from sparktune.search.pruners.base import Pruner, check_options, pruner_options
from sparktune.spec import SearchSpec
from sparktune.spec.base import Section


class StoppingPruner(Pruner, ABC):
    """Looks at a trial after `min_epochs` epochs, and every `every` epochs from there on.

    Attributes:
        options: the section that reads `search.pruner_options`; its fields are arguments of the pruner, as is
            `min_epochs`.
    """

    options: ClassVar[type[Section]]

    def __init__(self, min_epochs: int = 1, every: int = 1) -> None:
        self._first, self._every = min_epochs, every

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "pruner_options")
        pruner_options(cls.options, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        options = dict(pruner_options(cls.options, search))
        return cls(**options, min_epochs=search.min_epochs or 1)

    def next_rung(self, epochs: int) -> int | None:
        if epochs < self._first:
            return self._first
        return self._first + ((epochs - self._first) // self._every + 1) * self._every
