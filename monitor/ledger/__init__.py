"""The ledger: every spill once, append-only. The only home of SQLAlchemy."""

from monitor.ledger.ledger import Ledger
from monitor.ledger.pot import PotRow
from monitor.ledger.read import Entry, HistogramSum, RunRow

__all__ = ["Entry", "HistogramSum", "Ledger", "PotRow", "RunRow"]
