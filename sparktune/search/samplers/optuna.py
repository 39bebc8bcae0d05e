"""Any other sampler of Optuna, or one that is built for it."""

import importlib
import inspect
from typing import TYPE_CHECKING, Any, final

from sparktune.search.samplers.optuna_base import OptunaSampler
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault

if TYPE_CHECKING:
    import optuna

OPTIONS = "sampler: package.module:Class, args: {...}"


@final
class AnyOptunaSampler(OptunaSampler):
    """The class that `options.sampler` names, built with `options.args`; seeded where it takes a seed."""

    @classmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        from optuna.samplers import BaseSampler

        options = search.options
        unknown = [name for name in options if name not in ("sampler", "args")]
        if unknown:
            raise Fault(f"is unknown; write {OPTIONS}", "options", unknown[0])
        args = options.get("args", {})
        if not isinstance(args, dict):
            raise Fault("must be a section of names and values", "options", "args", value=args)
        kind = _imported(options.get("sampler"))
        if not (isinstance(kind, type) and issubclass(kind, BaseSampler)):
            raise Fault(
                "must name a subclass of optuna.samplers.BaseSampler",
                "options",
                "sampler",
                value=options["sampler"],
            )
        seeded = "seed" in inspect.signature(kind).parameters and "seed" not in args
        return kind(**args, **({"seed": seed} if seeded else {}))


def _imported(reference: Any) -> Any:
    """What `package.module:Class` names.

    Raises:
        Fault: it is missing, or cannot be imported.
    """
    module, _, name = str(reference or "").partition(":")
    if not module or not name:
        rule = f"must be package.module:Class; write {OPTIONS}"
        raise Fault(rule, "options", "sampler", value=reference)
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Fault(
            f"must be importable ({error}); put its folder on PYTHONPATH",
            "options",
            "sampler",
            value=reference,
        ) from None
