"""The durable record of a study."""

from sparktune.ledger.history import Header, Note
from sparktune.ledger.ledger import Ledger

__all__ = ["Header", "Ledger", "Note"]
