"""The operations log: what people said about spills, runs and alarms. Append-only, behind a token."""
