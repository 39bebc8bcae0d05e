"""What every sampler promises."""

from abc import ABC, abstractmethod

from sparktune.trial import Params, TrialResult


class Sampler(ABC):
    """Proposes configurations. Asked in order of trial numbers, from 0, also when a study resumes."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Most trials that `ask` will propose; None where there is no bound."""

    @abstractmethod
    def ask(self, number: int) -> Params | None:
        """The configuration of trial `number`; None when the search is exhausted."""

    @abstractmethod
    def tell(self, result: TrialResult) -> None:
        """Learn how a trial ended."""
