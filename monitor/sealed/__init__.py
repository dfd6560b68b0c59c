"""Sealed counters: what was masked in a spill, under public keys, in records of constant size on a hash chain."""
