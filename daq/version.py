"""Version of this program, as recorded in every file and row."""

PROGRAM_VERSION = "0.1.0"
