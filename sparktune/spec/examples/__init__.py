"""Commented study files to start from, one for each kind of model or data."""

from importlib.resources import files

from sparktune.errors import SpecError
from sparktune.spec.messages import unknown_name

KINDS = ("mlp", "cnn", "rnn", "linear", "builder", "table", "csv")


def example(kind: str) -> str:
    """The text of an example study file.

    Args:
        kind: a kind of model (`mlp`, `cnn`, `rnn`, `linear`, `builder`) or of data (`table`, `csv`).

    Raises:
        SpecError: there is no example of this kind.
    """
    if kind not in KINDS:
        raise SpecError(f"{unknown_name(kind, KINDS)} (kind of example)")
    return files(__package__).joinpath(f"{kind}.yaml").read_text("utf-8")
