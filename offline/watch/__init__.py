"""Near-line: every recorded burst that lands in a folder is counted and booked once."""

from offline.watch.run import WatchOptions, run_watch

__all__ = ["WatchOptions", "run_watch"]
