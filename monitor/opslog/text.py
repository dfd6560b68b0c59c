"""Text that people send: one plain line or a few, no control characters, bounded. Shown as text only."""

from __future__ import annotations

import unicodedata

TEXT_LIMIT = 2000
"""Longest comment [characters]."""

NAME_LIMIT = 64
"""Longest name of a person, an alarm or a stream [characters]."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Unicode categories that a screen does not show, or shows by moving other text around."""


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Give text without hidden characters, cut to `limit`; line ends stay as line ends.

    Tabs and other white space become one blank. Two texts that look the same are the same (Unicode NFC).
    """
    lines = [clean_line(line, limit) for line in text[: 4 * limit].splitlines()]
    return "\n".join(lines).strip()[:limit].rstrip()


def clean_line(text: str, limit: int = NAME_LIMIT) -> str:
    """Give one line without hidden characters, cut to `limit`."""
    normal = unicodedata.normalize("NFC", text[: 4 * limit])
    seen = "".join(" " if char.isspace() else char for char in normal if char.isspace() or _is_seen(char))
    return " ".join(seen.split())[:limit].rstrip()


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in _HIDDEN
