"""Options that several commands have."""

import inspect
from typing import get_type_hints

import pytest

from sparktune.cli.app import app
from sparktune.cli.output import Json, Quiet, Verbose

SILENT = ("schema", "demo")  # one prints a document, the other is for people


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.name)
def test_every_command_can_be_scripted(command) -> None:
    hints = get_type_hints(command.callback, include_extras=True)
    common = {hints.get(name) for name in ("quiet", "verbose", "as_json")}
    assert common == ({None} if command.name in SILENT else {Quiet, Verbose, Json})
    assert inspect.getdoc(command.callback)
