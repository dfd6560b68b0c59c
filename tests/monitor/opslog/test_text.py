"""Text of people: nothing hidden gets in, nothing that is seen gets lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.opslog.text import NAME_LIMIT, TEXT_LIMIT, clean_line, clean_text


@given(st.text(max_size=500))
def test_cleaning_is_done_once(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once and len(once) <= TEXT_LIMIT
    assert not any(unicodedata.category(char)[0] == "C" for char in once if char != "\n")
    line = clean_line(text)
    assert clean_line(line) == line and len(line) <= NAME_LIMIT and "\n" not in line


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=60))
def test_what_is_seen_stays(text: str) -> None:
    assert clean_text(f"a {text} z") == "a " + unicodedata.normalize("NFC", text) + " z"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("one\r\ntwo\n\x00three", "one\ntwo\nthree"),
        ("  tab\tand\u00a0space  ", "tab and space"),
        ("\x00\u200b\ufeff", ""),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # shown as text: see the page's tests
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_hand_made(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean
