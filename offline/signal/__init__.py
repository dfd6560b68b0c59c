"""Expected signal: emulated decays through the real selection, and what follows for any mass and coupling.

Like `offline.validation`, this package looks inside the mask, of emulated decays only: see decision 11.
"""
