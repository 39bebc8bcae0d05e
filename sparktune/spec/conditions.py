"""Conditions of a space: which names are searched at which values of others."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sparktune.spec.base import Fault
from sparktune.spec.domain import Domain, is_same
from sparktune.spec.messages import way_out

MAX_SHAPES = 10_000  # combinations of the values that conditions name
BOUNDS = ("low", "high")  # of a condition on numbers: both included, and one of them may be left out


def in_force(space: Mapping[str, Domain], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters whose conditions the others meet, in the order of the space."""
    return {name: params[name] for name in space if name in params and is_searched(space, name, params)}


def is_searched(space: Mapping[str, Domain], name: str, params: Mapping[str, Any]) -> bool:
    """Whether the conditions of a name are met: those it depends on are searched, at such a value."""
    return all(
        parent in params and is_searched(space, parent, params) and _holds(params[parent], wanted)
        for parent, wanted in space[name].when.items()
    )


def enabling(space: Mapping[str, Domain], name: str) -> dict[str, Any]:
    """Parameters at which a name is searched: of each that it depends on, the first such value."""
    params: dict[str, Any] = {}
    for parent, wanted in space[name].when.items():
        params |= enabling(space, parent)
        params[parent] = next(_meeting(space[parent], wanted))
    return params


def by_dependence(space: Mapping[str, Domain]) -> list[str]:
    """The names in an order in which each follows those that it depends on; else in their own."""

    def depth(name: str) -> int:
        return max((1 + depth(parent) for parent in space[name].when), default=0)

    return sorted(space, key=depth)


def check_conditions(space: Mapping[str, Domain]) -> None:
    """Refuse conditions that no trial can meet, and more combinations than can be told apart.

    Raises:
        Fault: names the condition that breaks a rule.
    """
    parents = {parent for domain in space.values() for parent in domain.when if parent in space}
    shapes = math.prod(space[parent].points or 1 for parent in parents)
    if shapes > MAX_SHAPES:  # first: it bounds the values that a condition is compared with
        raise Fault(
            f"must depend on at most {MAX_SHAPES:,} combinations of values, but depends on {shapes:,}"
        )
    for name, domain in space.items():
        for parent, wanted in domain.when.items():
            _check_parent(space, name, parent, wanted)


def _check_parent(space: Mapping[str, Domain], name: str, parent: str, wanted: Any) -> None:
    place = (name, "when", parent)
    if parent not in space:
        raise Fault(f"is not searched; {way_out(parent, space)}", *place)
    if name in _ancestors(space, name):
        raise Fault("must not depend on itself; remove a condition", *place)
    _check_wanted(space[parent], wanted, place)


def _check_wanted(domain: Domain, wanted: Any, place: tuple[str, str, str]) -> None:
    parent = place[-1]
    if isinstance(wanted, dict):
        if not wanted or not wanted.keys() <= {*BOUNDS} or not all(map(_is_number, wanted.values())):
            rule = "must be a value, a list of values, or bounds such as {low: 0.01}"
            raise Fault(rule, *place, value=wanted)
        if not _can_hold(domain, wanted):
            raise Fault(f"must be bounds between which {parent} has a value", *place, value=wanted)
        return
    if domain.points is None and not isinstance(domain.ends[0], int):
        way = "write bounds such as {low: 0.01}"
        raise Fault(f"must have listed values or a step where a condition names values; {way}", *place)
    several = isinstance(wanted, list) and not _can_hold(domain, [wanted])
    for value in wanted if several else [wanted]:
        if not _can_hold(domain, [value]):
            raise Fault(f"must be one of the values of {parent}, or a list of them", *place, value=value)


def _ancestors(space: Mapping[str, Domain], name: str) -> set[str]:
    found: set[str] = set()
    open_names = [name]
    while open_names:
        parents = {parent for parent in space[open_names.pop()].when if parent in space} - found
        found |= parents
        open_names += parents
    return found


def _can_hold(domain: Domain, wanted: Any) -> bool:
    return any(True for _ in _meeting(domain, wanted))


def _meeting(domain: Domain, wanted: Any) -> Iterator[Any]:
    """Values of a domain that meet a condition: the lowest such, where they cannot be counted."""
    values: Iterator[Any]
    if domain.points is not None:
        values = (domain.value(index) for index in range(min(domain.points, MAX_SHAPES)))
    elif isinstance(wanted, dict):
        low = max(domain.ends[0], wanted.get("low", -math.inf))
        values = iter([math.ceil(low) if isinstance(domain.ends[0], int) else low])
    else:
        values = iter(wanted if isinstance(wanted, list) else [wanted])
    return (value for value in values if domain.holds(value) and _holds(value, wanted))


def _holds(value: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, one of those, or within bounds."""
    if isinstance(wanted, dict):
        low, high = wanted.get("low", -math.inf), wanted.get("high", math.inf)
        return _is_number(value) and bool(low <= value <= high)
    return is_same(value, wanted) or (isinstance(wanted, list) and any(is_same(value, one) for one in wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
