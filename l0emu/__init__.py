"""The level-0 trigger: hits in, triggers out. Pure: no I/O, no clock, no randomness."""
