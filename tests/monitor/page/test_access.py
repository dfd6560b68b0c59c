"""Anybody can use the page: contrast, shape and word beside colour, keyboard, themes."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.monitor.page.browse import PortOf, visit

pytestmark = pytest.mark.chromium
AA = 4.5
"""Least contrast of text to its ground. Source: WCAG 2.1, 1.4.3."""

AA_LARGE = 3.0

COLOURS = """(selector) => {
  const node = document.querySelector(selector), clear = (c) => c === 'rgba(0, 0, 0, 0)' || c === 'transparent';
  let back = node;
  while (back.parentElement && clear(getComputedStyle(back).backgroundColor)) back = back.parentElement;
  return [getComputedStyle(node).color, getComputedStyle(back).backgroundColor];
}"""


FOCUS = """() => {
  const node = document.activeElement;
  const name = node.id || node.dataset.system || node.className || node.textContent.trim();
  const shown = getComputedStyle(node.matches('.picker input') ? node.nextElementSibling : node);
  return [[...document.querySelectorAll('*')].indexOf(node), name, shown.outlineStyle];
}"""


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)`. Source: WCAG 2.1."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


def _wait(page: Page) -> Page:
    expect(page.locator("body")).not_to_have_class(re.compile("loading"), timeout=10_000)
    expect(page.locator("[data-system=chain] .word")).to_have_text("ALARM")
    expect(page.locator("#stream-say .state")).to_be_visible(timeout=10_000)
    expect(page.locator("#alarm-list li").first).to_be_visible(timeout=10_000)
    return page


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_can_be_read(browser: Browser, scene_port: PortOf, scheme: str) -> None:
    with visit(browser, scene_port("dead-worker"), color_scheme=scheme) as seen:
        page = _wait(seen.go())
        for state in ("OK", "WARN", "ALARM", "UNKNOWN"):
            page.evaluate("(s) => { document.querySelector('[data-system=alarms]').className = `system ${s}`; }", state)
            for part in ("b", ".word", ".text", ".lamp .shape"):
                pair = page.evaluate(COLOURS, f"[data-system=alarms] {part}")
                assert contrast(*pair) >= AA, (scheme, state, part, pair)
            page.evaluate("(s) => { document.querySelector('#stream-say .state').className = `state ${s}`; }", state)
            assert contrast(*page.evaluate(COLOURS, "#stream-say .state")) >= AA, (scheme, state)
        for where in (
            "h2",
            ".note",
            "dt",
            "dd",
            "#spill-table td",
            "footer",
            "footer a",
            ".bad dd",
            "#fresh-text",
            "tr.flag td:last-child",
        ):
            assert contrast(*page.evaluate(COLOURS, where)) >= AA, (scheme, where)


def test_a_state_is_told_by_shape_and_word_and_to_a_reader(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("dead-worker")) as seen:
        page = _wait(seen.go())
        shapes = {"OK": "●", "WARN": "▲", "ALARM": "■", "UNKNOWN": "?"}
        for tile in page.locator(".system").all():
            word = tile.locator(".word").inner_text()
            assert tile.locator(".shape").inner_text() == shapes[word]
            assert f": {word}." in (tile.get_attribute("aria-label") or "")


def test_keyboard_goes_through_the_page_in_reading_order(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("dead-worker")) as seen:
        page = _wait(seen.go())
        expect(page.locator(".png")).to_have_count(10)
        places, names = [], []
        for _ in range(60):
            page.keyboard.press("Tab")
            place, name, outline = page.evaluate(FOCUS)
            if name == "print":
                break
            assert outline != "none" or name == "skip", f"{name} does not show its focus"
            places.append(place)
            names.append(name)
        assert names[:8] == ["skip", "run-link", "beam", "trigger", "background", "accounting", "chain", "alarms"]
        assert all(first < second for first, second in pairwise(places)), names
        assert {"ack", "png", "theme"} <= set(names)
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#alarms")).to_be_focused()
        assert seen.errors == []


def test_theme_is_chosen_and_kept_and_paper_is_light(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("quiet"), color_scheme="light") as seen:
        page = seen.go()
        ground = "getComputedStyle(document.body).backgroundColor"
        assert luminance(page.evaluate(ground)) > 0.8
        page.locator("#theme").click()
        assert luminance(page.evaluate(ground)) < 0.02
        page.reload()
        assert luminance(page.evaluate(ground)) < 0.02
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert luminance(page.evaluate(ground)) > 0.8
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert luminance(page.evaluate(ground)) < 0.02
        assert seen.errors == []
