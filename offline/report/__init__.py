"""The full analysis of recorded runs, and its report."""
