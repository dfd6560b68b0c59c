"""The documentation tells the truth where a program can check it: links, commands, keys, tables, code."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from daq.codec import Kind
from daq.config import Config, load_config
from daq.config.load import _keys
from daq.frame import encode_frame
from daq.recording import Journal, seal
from dumpwatch import build_app
from monitor.spill import Quality, Spill
from monitor.totals import Totals
from streaming import messages
from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS
from tests.strategies_wire import eob_record, small_frame, sob_record
from tools import assumptions

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PROGRAM = re.compile(r"^(?:\.venv/bin/)?dumpwatch$")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    heads = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links(path: Path, text: str) -> list[str]:
    broken = []
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.is_relative_to(ROOT) or not target.exists():
            broken.append(link)
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            broken.append(link)
    return broken


def commands(text: str) -> list[list[str]]:
    """Words of every `dumpwatch ...` in an indented or fenced line, or in inline code."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += [
        line.strip()
        for block in re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    found = []
    for line in [*lines, *CODE.findall(text.replace("\n", " "))]:
        words = shlex.split(line.partition(" # ")[0]) if re.match(r"^(\.venv/bin/)?dumpwatch ", line) else []
        if words and PROGRAM.match(words[0]):
            found.append(words[1:])
    return found


def faults(words: list[str]) -> list[str]:
    """What the program does not know of a command line: command, subcommand or option."""
    command, rest = typer.main.get_command(build_app()), list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("--"):
        if re.match(r"^[a-z0-9-]+$", rest[0]) is None:
            return [rest[0]]
        if rest[0] not in command.commands:
            return [rest[0]]
        command = command.commands[rest.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    return [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]


def named_keys(text: str) -> list[str]:
    sections = "|".join(Config.model_fields)
    return [word for word in CODE.findall(text) if re.fullmatch(rf"(?:{sections})(?:\.[a-z0-9_]+)+", word)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_commands_and_keys_exist(path):
    text = path.read_text(encoding="utf-8")
    assert broken_links(path, text) == []
    assert [words for words in commands(text) if faults(words)] == []
    assert sorted(set(named_keys(text)) - set(_keys(Config))) == []


def test_the_checks_find_what_is_wrong():
    text = (
        "see [a](nowhere.md), [b](README.md#no-such-heading), [c](README.md#limits) and `dumpwatch  lives --spills 3`"
    )
    assert broken_links(ROOT / "x.md", text) == ["nowhere.md", "README.md#no-such-heading"]
    assert commands(text) == [["lives", "--spills", "3"]]
    assert commands("```\ndumpwatch pot\n```\n    dumpwatch live # why\ndumpwatch says") == [["live"], ["pot"]]
    assert named_keys("`reco.min_p` and `monitor/spill.py`") == ["reco.min_p"]
    assert faults(["lives"]) == ["lives"]
    assert faults(["live", "--spils", "3"]) == ["--spils"]
    assert faults(["config", "shew"]) == ["shew"]
    assert faults(["bench", "chain", "--bursts", "3"]) == faults(["replay", "rec", "--verify"]) == []


def test_the_table_of_assumptions_is_up_to_date():
    text = assumptions.PAGE.read_text(encoding="utf-8")
    assert text == assumptions.updated(text, assumptions.table(Config())), "run python -m tools.assumptions"
    rows = list(assumptions.assumptions(Config()))
    assert {"l0.inputs.chod.window_ns", "regions.ee_sr", "beam.b2.minimum"} <= {row.key for row in rows}
    assert "reco.min_momentum_gev" not in {row.key for row in rows}  # has a source


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        assumptions.updated("no marks here", "table")


def test_every_public_name_is_defined():
    text = page("docs/physicist/definitions.md")
    names = [*Spill.model_fields, *Totals.model_fields, *Quality, *CHANNELS, *OPEN_REGIONS, *COUNTS, *HISTOGRAMS]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_kind_of_message_and_every_field_is_in_the_wire_document():
    cut = [line.split("|") for line in page("docs/developer/wire.md").splitlines()]
    rows = {cells[2].strip(" `"): cells for cells in cut if len(cells) == 8 and cells[1].strip().isdigit()}
    assert {name: int(cells[1]) for name, cells in rows.items()} == {kind.name: kind.value for kind in Kind}
    fields = {field for body in messages.Body.__subclasses__() for field in body.model_fields}
    written = " ".join(cells[5] for cells in rows.values())
    assert [field for field in fields if f"`{field}`" not in written] == []


def test_every_dependency_has_its_reason():
    names = [re.split(r"[\[>]", line)[0] for line in page("requirements.in").splitlines() if line[:1].isalpha()]
    reasons = page("docs/developer/dependencies.md")
    assert [name for name in names if f"| `{name}` |" not in reasons] == []


def test_decisions_are_numbered_without_gaps_and_listed():
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, start=1):
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        assert [head for head in ("## Context", "## Decision", "## Consequences") if head not in text] == []
        assert f"({file.name})" in page("docs/decisions/README.md")


def test_the_example_configuration_holds_nothing_but_defaults():
    assert load_config(ROOT / "deploy" / "example.toml") == Config()


def test_the_lines_that_read_a_recording_run(tmp_path, monkeypatch, capsys):
    journal = Journal(tmp_path / "try" / "rec", sob_record())
    journal.append(encode_frame(small_frame(7)), 7)
    eob = eob_record(n_frames=1, n_events=7, digest=journal.digest())
    journal.close(eob)
    seal(journal.path, journal.sob, eob, journal.frames)
    monkeypatch.chdir(tmp_path)
    block = page("docs/developer/recording.md").split("## Read it")[1].split("This gives")[0]
    exec("\n".join(line[4:] for line in block.strip("\n").splitlines()), {})
    assert capsys.readouterr().out.startswith("7 [")
