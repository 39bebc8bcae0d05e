"""What a check of a machine, a cluster or a study has found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class Level(StrEnum):
    """OK: as it should be. WARNING: studies run, but something will be slow or lost. ERROR: none can run."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@final
@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `text` says what is there and, where it is bad, the setting to change."""

    level: Level
    text: str
