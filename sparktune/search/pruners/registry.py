"""From the spec to its pruner."""

from typing import cast

from sparktune.search.pruners.base import Pruner
from sparktune.spec import SearchSpec
from sparktune.spec.extensions import PRUNERS


def build_pruner(search: SearchSpec) -> Pruner | None:
    """The pruner that `search.pruner` names; None where it names none."""
    if search.pruner is None:
        return None
    return cast(type[Pruner], PRUNERS.load(search.pruner)).from_spec(search)
