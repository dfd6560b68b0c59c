"""Signals: hidden particles made in the TAX that decay in the tank."""
