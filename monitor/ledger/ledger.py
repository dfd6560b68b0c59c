"""The ledger as its users see it: open, commit, correct, ask."""

from __future__ import annotations

from monitor.ledger.accounts import Accounts
from monitor.ledger.booking import Booking
from monitor.ledger.keeping import Keeping
from monitor.ledger.logbook import Logbook
from monitor.ledger.reading import Reading
from monitor.ledger.sealed_books import SealedBooks


class Ledger(Booking, Reading, Accounts, Keeping, Logbook, SealedBooks):
    """One row per burst, committed in one transaction, never changed. Safe to share between threads.

    A burst that was committed twice is there once; a burst that comes back with other content is refused; a burst
    that was incomplete and is completed by a replay, or that a person corrects, gets a new row beside its first one.
    """
