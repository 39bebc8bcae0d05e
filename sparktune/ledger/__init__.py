"""The durable record of a study."""

from sparktune.ledger.events import BundleExported, Note, StudyEnded, StudyStarted
from sparktune.ledger.ledger import Ledger

__all__ = ["BundleExported", "Ledger", "Note", "StudyEnded", "StudyStarted"]
