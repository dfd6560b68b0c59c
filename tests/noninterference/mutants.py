"""Programs that leak, one for each kind of leak in the specification (section 1.3): each must be caught.

A mutant changes one or two names of the program while it runs. What it does is what somebody could have written; what
it is called says the row.
"""

from tests.noninterference import mutants_seen
from tests.noninterference.mutant import MUTANTS, note_booked
from tests.noninterference.mutants_kept import HERE_KEYS

__all__ = ["HERE_KEYS", "MUTANTS", "mutants_seen", "note_booked"]
