"""The user's own code, found by its import path."""

import importlib
import inspect
from typing import Any

from sparktune.errors import ModelError
from sparktune.spec import StudySpec
from sparktune.spec.training import CustomCallback
from sparktune.training.kinds.base import kind_of


def import_reference(reference: str, field: str) -> Any:
    """What `package.module:name` refers to.

    Raises:
        ModelError: the module does not import, or holds no such name.
    """
    module, _, name = reference.partition(":")
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"{field} must be importable, but importing {module!r} (of {reference!r}) gave "
            f"{type(error).__name__}: "
            f"{error}; put its folder on PYTHONPATH, and ship it to executors with --py-files or --archives"
        ) from error
    if not hasattr(found, name):
        raise ModelError(
            f"{field} must name something in its module, but {module!r} holds no {name!r} ({reference!r})"
        )
    return getattr(found, name)


def mismatch(callable_: Any, *args: Any, **kwargs: Any) -> str | None:
    """Why a callable does not take these arguments; None where it does, or cannot say."""
    try:
        inspect.signature(callable_).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    except ValueError:
        return None
    return None


def own_code(spec: StudySpec) -> dict[str, str]:
    """The user's code that trials of a study run: its `package.module:name`, by the field that names it."""
    callbacks = {
        f"training.callbacks[{index}].callback": callback.callback
        for index, callback in enumerate(spec.training.callbacks)
        if isinstance(callback, CustomCallback)
    }
    return {**kind_of(spec.model).own_code, **callbacks}


def has_own_code(spec: StudySpec) -> bool:
    """Whether a trial runs code of the user."""
    return bool(own_code(spec))
