"""The ledger: every spill once, append-only. The only home of SQLAlchemy."""

from monitor.ledger.accounts import GoodTotals
from monitor.ledger.bookrow import BookRow, Note
from monitor.ledger.history import Revision
from monitor.ledger.ledger import Ledger
from monitor.ledger.log import LogRow
from monitor.ledger.pot import PotRow
from monitor.ledger.read import Entry, HistogramSum, RunRow, Selection

__all__ = [
    "BookRow",
    "Entry",
    "GoodTotals",
    "HistogramSum",
    "Ledger",
    "LogRow",
    "Note",
    "PotRow",
    "Revision",
    "RunRow",
    "Selection",
]
