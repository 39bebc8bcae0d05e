"""The modules that scoring imports, and the packages that have them."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from sparktune.bundle.engines.registry import engine_class

# What scoring imports whatever the engine: each module with its package.
BASE = {"numpy": "numpy", "pandas": "pandas", "pyarrow": "pyarrow", "pydantic": "pydantic", "yaml": "PyYAML"}


def engine_modules(engines: Iterable[str]) -> tuple[str, ...]:
    """The modules that the engines of these names import, each once.

    Raises:
        BundleError: no installed package has one of the engines.

    Example:
        >>> engine_modules(["keras", "tensorflow"])
        ('keras', 'tensorflow')
    """
    return tuple(dict.fromkeys(module for name in engines for module in engine_class(name).requires))


def package_of(module: str) -> str:
    """The name of the package that has a module: mostly the same; the module's where none is installed."""
    if module in BASE:
        return BASE[module]
    if installed_version(module):
        return module
    return packages_distributions().get(module, [module])[0]


def installed_version(package: str) -> str | None:
    """The version of a package that is installed here; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
