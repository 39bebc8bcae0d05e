"""The durable record of a study."""

from sparktune.ledger.events import (
    BundleExported,
    Note,
    Retried,
    StudyEnded,
    StudyStarted,
    WarmStarted,
)
from sparktune.ledger.ledger import Ledger
from sparktune.ledger.state import Step

__all__ = [
    "BundleExported",
    "Ledger",
    "Note",
    "Retried",
    "Step",
    "StudyEnded",
    "StudyStarted",
    "WarmStarted",
]
