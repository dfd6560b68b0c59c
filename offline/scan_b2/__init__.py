"""`dumpwatch scan-b2`: the halo against the current of B2, emulated or out of a ledger, and its minimum."""
