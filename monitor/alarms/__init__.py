"""Excursions of background rates: pure functions from committed spills to alarms."""
