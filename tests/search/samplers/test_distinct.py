"""Points that are drawn until they are new."""

import random
from collections.abc import Iterator

from sparktune.search.samplers.distinct import DistinctSampler, key_of
from sparktune.spec import SearchSpec
from sparktune.trial import Params


def test_a_sampler_that_draws_the_same_point_for_ever_uses_up_the_space() -> None:
    class Stubborn(DistinctSampler):
        def draws(self, source: random.Random) -> Iterator[Params]:
            while True:
                yield {"a": 2, "b": 1}

    sampler = Stubborn(SearchSpec(sampler="random", trials=9, space={"a": [1, 2], "b": [1, 2, 3]}), seed=0)
    asked = [sampler.ask(number) for number in range(7)]
    assert asked[0] == {"a": 2, "b": 1}
    assert asked[6] is None
    assert len({key_of(params or {}) for params in asked[:6]}) == 6
