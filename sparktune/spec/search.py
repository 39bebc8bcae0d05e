"""The section `search`: a space of named domains, a sampler and the number of trials."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, final

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from sparktune.spec.base import MAX_INT, Count, Fault, Folder, Line, Name, Plain, Positive, Section, sequence
from sparktune.spec.conditions import check_conditions, is_searched
from sparktune.spec.constraint import Constraint, constraint_of
from sparktune.spec.domain import Domain, is_empty, is_same
from sparktune.spec.extensions import PRUNERS, SAMPLERS, load_named
from sparktune.spec.messages import way_out

# Pruners compare the epochs of one metric.
WHY_NO_PRUNER = "it would end trials that are good by another one; remove it"


@contextmanager
def _at(*place: str | int) -> Iterator[None]:
    """Say of a fault where in the section it is."""
    try:
        yield
    except Fault as fault:
        raise Fault(fault.rule, *place, *fault.path, value=fault.value) from None


@final
class BudgetSpec(Section):
    """What a search may spend besides `trials`. It ends, as with --timeout, once one of these is used up."""

    seconds: Positive | None = Field(None, description="wall time of each run, from its first launch")
    epochs: Count | None = Field(None, description="epochs of all trials together")
    target: float | None = Field(None, description="value of the objective that is good enough")
    patience: Count | None = Field(
        None, description="trials in a row, none of them a new best one; pruned ones aside"
    )


@final
class WarmStartSpec(Section):
    """An earlier study whose trials the sampler learns of before it proposes anything."""

    study: Folder = Field(description="the earlier study's own folder, studies/NAME say")
    weights: bool = Field(
        False, description="trials whose weights have the shapes of its best model's begin with those"
    )


def _text_as_warm_start(given: Any) -> Any:
    """A plain text as the section {study: ...}."""
    return {"study": given} if isinstance(given, str) else given


@final
class SearchSpec(Section):
    """What is searched and how. Points of the space are computed when needed, so the space may be huge."""

    sampler: Name = Field(
        "grid",
        description="what proposes configurations: grid, random, qmc; of Optuna: tpe, cmaes, nsga2, gp, "
        "optuna (any other); or one that a package adds",
    )
    trials: Count | None = Field(None, description="number of trials; the whole grid by default")
    space: dict[str, Domain] = Field(
        default_factory=dict,
        description="a model or training field: its domain; without any, one trial trains what is written",
    )
    options: dict[str, Plain] = Field(
        default_factory=dict,
        description="options of the sampler: those of Optuna's class; sampler and args where it is optuna, "
        "for which `optuna: {sampler, args}` is short",
    )
    budget: BudgetSpec = Field(
        BudgetSpec(), exclude_if=BudgetSpec().__eq__, description="what ends the search besides"
    )
    failures: Count | None = Field(
        None,
        exclude_if=is_empty,
        description="so many trials in a row that are FAILED, TIMED_OUT or OUT_OF_MEMORY end the search; "
        "unbounded by default",
    )
    pruner: Name | None = Field(
        None,
        exclude_if=is_empty,
        description="what ends trials before their last epoch: top (the best `keep` go on), asha, "
        "hyperband, pasha, median, percentile, patience, threshold, or one that a package adds",
    )
    min_epochs: Count | None = Field(
        None, exclude_if=is_empty, description="the pruner's first rung in epochs; 1 by default"
    )
    max_epochs: Count | None = Field(
        None,
        exclude_if=is_empty,
        description="epochs of a trial that is not pruned, in place of training.epochs",
    )
    keep: Count | None = Field(
        None, exclude_if=is_empty, description="trials that pruner top trains to the end"
    )
    reduction: Annotated[int, Field(ge=2, le=MAX_INT)] | None = Field(
        None,
        exclude_if=is_empty,
        description="one in so many trials goes on at a rung, for so many times the epochs",
    )
    pruner_options: dict[str, Plain] = Field(
        default_factory=dict, exclude_if=is_empty, description="further options of the pruner"
    )

    constraints: tuple[Line, ...] = sequence(
        (),
        exclude_if=is_empty,
        description="expressions that every trial meets, such as batch_size * learning_rate <= 1",
    )
    max_parameters: Count | None = Field(
        None,
        exclude_if=is_empty,
        description="parameters that a model may have; configurations of larger ones are never trained",
    )
    start: tuple[dict[str, Plain], ...] = sequence(
        (), exclude_if=is_empty, description="configurations that are trained first"
    )

    warm_start: Annotated[WarmStartSpec, BeforeValidator(_text_as_warm_start)] | None = Field(
        None, exclude_if=is_empty, description="an earlier study to learn from; its folder is short for it"
    )

    @model_validator(mode="before")
    @classmethod
    def _optuna_in_short(cls, given: Any) -> Any:
        """`optuna: {sampler, args}` stands for the sampler of this name with these options."""
        if not isinstance(given, dict) or "optuna" not in given:
            return given
        for name in ("sampler", "options"):
            if name in given:
                raise Fault("must be left out beside optuna, which is sampler and options in one", name)
        rest = {name: value for name, value in given.items() if name != "optuna"}
        return {**rest, "sampler": "optuna", "options": given["optuna"]}

    @field_validator("start")
    @classmethod
    def _as_in_the_space(
        cls, start: tuple[dict[str, Any], ...], info: ValidationInfo
    ) -> tuple[dict[str, Any], ...]:
        """Each value as its domain has it, so that a trial gets what a sampler would propose."""
        space = info.data.get("space", {})
        return tuple(
            {
                name: space[name].own(value) if name in space and space[name].holds(value) else value
                for name, value in params.items()
            }
            for params in start
        )

    @model_validator(mode="after")
    def _consistent(self) -> "SearchSpec":
        with _at("space"):
            check_conditions(self.space)
        for index, text in enumerate(self.constraints):
            with _at("constraints", index):
                self._check_constraint(constraint_of(text))
        for index, params in enumerate(self.start):
            with _at("start", index):
                self._check_start(params)
                if any(is_same(params, earlier) for earlier in self.start[:index]):
                    raise Fault("must differ from those before it; remove it", value=params)
        return self

    def _check_constraint(self, constraint: Constraint) -> None:
        """Refuse unknown names, and values that cannot be computed with."""
        for name in sorted(constraint.names - self.space.keys()):
            raise Fault(f"names {name}, which is not searched; {way_out(name, self.space)}")
        for end in (0, -1):
            params = {name: domain.ends[end] for name, domain in self.space.items()}
            try:
                constraint.met(params)
            except (TypeError, ValueError, ArithmeticError) as error:
                raise Fault(f"must have a value for every trial, but {params} gives: {error}") from None

    def _check_start(self, params: dict[str, Any]) -> None:
        """Refuse what is no configuration of the space."""
        for name, value in params.items():
            if name not in self.space:
                raise Fault(f"is not searched; {way_out(name, self.space)}", name)
            if not self.space[name].holds(value):
                raise Fault("must be a value of its domain", name, value=value)
        searched = {name for name in self.space if is_searched(self.space, name, params)}
        for name in sorted(searched - params.keys()):
            raise Fault("is required, as it is searched there, but got nothing; add it", name)
        for name in sorted(params.keys() - searched):
            raise Fault("is not searched there, as its condition is not met; remove it", name)
        if not self.allows(params):
            raise Fault(f"must meet the constraints {', '.join(self.constraints)}", value=params)

    def allows(self, params: dict[str, Any]) -> bool:
        """Whether a configuration meets all constraints."""
        return self.broken(params) is None

    def broken(self, params: dict[str, Any]) -> Constraint | None:
        """The first constraint that a configuration does not meet, or has no value for."""
        for constraint in map(constraint_of, self.constraints):
            try:
                if constraint.met(params):
                    continue
            except (TypeError, ValueError, ArithmeticError):
                pass
            return constraint
        return None

    def check_several(self, info: ValidationInfo) -> None:
        """Refuse a search that cannot have several objectives.

        Raises:
            Fault: it has a pruner, or its sampler learns from one objective alone; paths begin at the study.
        """
        with _at("search"):
            if self.pruner is not None:
                raise Fault(f"must not be set beside several objectives; {WHY_NO_PRUNER}", "pruner")
            sampler = load_named(SAMPLERS, "sampler", self.sampler, info)
            if sampler is not None:
                sampler.check_several(self)

    @model_validator(mode="after")
    def _can_run(self, info: ValidationInfo) -> "SearchSpec":
        """The sampler that is named refuses what it cannot search."""
        sampler = load_named(SAMPLERS, "sampler", self.sampler, info)
        if sampler is not None:
            sampler.check(self)
        return self

    @model_validator(mode="after")
    def _can_prune(self, info: ValidationInfo) -> "SearchSpec":
        """Rungs are epochs of a trial, so all trials have as many; the pruner refuses what it cannot use."""
        if self.max_epochs is not None and "epochs" in self.space:
            raise Fault("must not be searched where max_epochs is set; remove one", "space", "epochs")
        if self.pruner is None:
            for name in ("min_epochs", "keep", "reduction", "pruner_options"):
                if getattr(self, name):
                    raise Fault("has no effect without a pruner; set pruner", name)
            return self
        pruner = load_named(PRUNERS, "pruner", self.pruner, info)
        if self.max_epochs is None:
            raise Fault("is required beside a pruner, in place of training.epochs; add it", "max_epochs")
        if self.min_epochs is not None and self.min_epochs >= self.max_epochs:
            raise Fault(f"must be < max_epochs {self.max_epochs}", "min_epochs", value=self.min_epochs)
        if pruner is not None:
            pruner.check(self)
        return self
