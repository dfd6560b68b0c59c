"""The emulated detector held against every published number: `dumpwatch emulator validate`.

Everything here works on emulated bursts that it makes itself, from a configuration and a seed. Nothing here can open
a recording, a ledger or a socket: see decision 11.
"""
