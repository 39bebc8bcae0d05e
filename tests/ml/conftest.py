"""Bundles that the tests share."""

from tests.scoring.conftest import bundles

__all__ = ["bundles"]
