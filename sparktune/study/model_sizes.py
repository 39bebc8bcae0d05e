"""How many parameters the models of a study have, and which are too large for `search.max_parameters`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from sparktune.columns.schema import Schema
from sparktune.errors import SpecError
from sparktune.launch.forkserver.call import NoAnswer
from sparktune.launch.forkserver.dialogue import ForkedDialogue
from sparktune.search import Sampler
from sparktune.spec import StudySpec
from sparktune.study.check import CheckRequest
from sparktune.training.graph_key import SCALARS
from sparktune.trial import Params

SECONDS = 300.0  # a builder may download weights
MODULE = "sparktune.study.model_sizes_worker"  # not imported here, as a module that is run must not be


@final
class ModelSizes:
    """Numbers of parameters, as Keras' `count_params` gives them, without a weight in memory.

    A process that has TensorFlow builds each different model once, symbolically; it starts when it is first
    needed.
    """

    def __init__(self, spec: StudySpec, schema: Schema) -> None:
        self._spec, self._schema = spec, schema
        self._known: dict[str, int | None] = {}
        self._dialogue: ForkedDialogue | None = None

    @property
    def smallest(self) -> int | None:
        """The least number so far."""
        return min((count for count in self._known.values() if count is not None), default=None)

    def parameters(self, params: Params) -> int | None:
        """How many a configuration's model has; None where it cannot be built: its trial says why."""
        try:
            section, _ = self._spec.configured(params)
        except ValueError:
            return None
        key = section.model_dump_json(exclude=set(SCALARS))
        if key not in self._known:
            self._known[key] = self._counted(params)
        return self._known[key]

    def allows(self, params: Params) -> bool:
        """Whether a configuration meets the constraints, and its model is not too large."""
        if not self._spec.search.allows(params):
            return False
        count, most = self.parameters(params), self._spec.search.max_parameters
        return most is None or count is None or count <= most

    def close(self) -> None:
        """End the process."""
        if self._dialogue is not None:
            self._dialogue.close()
            self._dialogue = None

    def _counted(self, params: Params) -> int | None:
        if self._dialogue is None:
            request = CheckRequest(self._spec, self._schema).to_json()
            self._dialogue = ForkedDialogue(MODULE, request)
        try:
            count: int | None = json.loads(self._dialogue.ask(json.dumps(params), SECONDS))
            return count
        except NoAnswer:  # a builder has ended the process, or blocks it
            self.close()
            return None


@contextmanager
def bounded_size(sampler: Sampler, spec: StudySpec, schema: Schema) -> Iterator[None]:
    """Within the context the sampler proposes no configuration above `search.max_parameters`.

    Raises:
        SpecError: a starting point is too large, or nothing is left to search.
    """
    most = spec.search.max_parameters
    if most is None:
        yield
        return
    sizes = ModelSizes(spec, schema)
    try:
        for index, params in enumerate(spec.search.start):
            if not sizes.allows(params):
                raise SpecError(
                    f"search.start[{index}] must have at most {most:,} parameters, as search.max_parameters "
                    f"says, but its model has {sizes.parameters(params):,}; make it smaller"
                )
        sampler.restrict(sizes.allows)
        if sampler.size == 0:
            raise SpecError(
                f"search.max_parameters must leave a configuration, but got {most:,} and the smallest model "
                f"that was found has {sizes.smallest or 0:,}; raise it"
            )
        yield
    finally:
        sizes.close()
