"""What scoring imports, and the packages that have it."""

import importlib
from importlib.metadata import version

import pytest

from sparktune.bundle.requirements import BASE, engine_modules, installed_version, package_of
from sparktune.errors import BundleError


@pytest.mark.parametrize("module", BASE)
def test_the_package_has_the_module(module: str) -> None:
    importlib.import_module(module)
    assert installed_version(package_of(module)) == version(BASE[module])


def test_each_module_of_the_engines_is_named_once() -> None:
    assert engine_modules(["keras", "tensorflow"]) == ("keras", "tensorflow")
    assert engine_modules(["numpy", "tensorflow"]) == ("tensorflow",)
    assert engine_modules([]) == ()


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(BundleError, match="install the package that has the engine 'abacus'"):
        engine_modules(["abacus"])


def test_a_package_may_have_another_name_than_its_module() -> None:
    assert package_of("sklearn") == "scikit-learn"
    assert package_of("not_installed_here") == "not_installed_here"
    assert installed_version("not_installed_here") is None
