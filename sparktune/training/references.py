"""The user's own code, found by its import path or made from its source."""

import hashlib
import importlib
import inspect
import linecache
import sys
from types import ModuleType
from typing import Any

from sparktune.errors import ModelError


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


def function_from_source(source: str, name: str, field: str) -> Any:
    """What `source` defines as `name`; the source is run once in a process.

    Raises:
        ModelError: it cannot be run, or does not define the name.
    """
    module_name = f"sparktune_source_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if module_name not in sys.modules:
        module = sys.modules[module_name] = ModuleType(module_name)  # first: decorators may look it up
        place, lines = f"<{name} in {module_name}>", source.splitlines(keepends=True)
        linecache.cache[place] = (len(source), None, lines, place)  # tracebacks show lines
        try:
            exec(compile(source, place, "exec"), vars(module))
        except (Exception, SystemExit) as error:
            del sys.modules[module_name]
            raise ModelError(
                f"{field} must run where trials are trained, but the source of {name!r} raised "
                f"{type(error).__name__}: {error}; modules that it imports must be installed there"
            ) from error
    try:
        return getattr(sys.modules[module_name], name)
    except AttributeError:
        raise ModelError(f"{field} must be defined by its source, but that defines no {name!r}") from None


def mismatch(callable_: Any, *args: Any, **kwargs: Any) -> str | None:
    """Why a callable does not take these arguments; None where it does, or cannot say."""
    try:
        inspect.signature(callable_).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    except ValueError:
        return None
    return None
