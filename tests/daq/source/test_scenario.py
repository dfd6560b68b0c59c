"""Scenario files: what is accepted, what is refused and how it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config.beam import B2Config, BeamConfig
from daq.errors import ConfigError
from daq.source.conditions import QUIET
from daq.source.scenario import conditions, load_scenario, n_taken, parse_scenario, shipped_scenarios
from daq.source.scenario.model import EFFECTS
from daq.source.scenario.shipped import shipped_text

BEAM = BeamConfig()
REQUIRED = {
    *("quiet", "halo-x2", "slow-drift", "b2-trip", "b2-scan", "dead-tile", "hot-channel", "sem-gain-jump"),
    *("lost-eob", "missing-spills", "clock-step", "duplicates", "intensity-steps", "t10-absent"),
}

EXAMPLES = {
    "intensity": "factor = 0.5",
    "halo": "factor = 2.0",
    "drift": 'of = "halo"\nper_spill = 0.01',
    "no-beam": "",
    "t10-gain": "factor = 0.75",
    "t10": 'reading = "negative"',
    "magnet-stamp": "seconds = -14.4",
    "b2-set": "current_a = 100",
    "b2-scan": "currents_a = [0, 100, 200]\nspills_each = 1",
    "b2-trip": "",
    "dead-tiles": 'detector = "muv3"\ntiles = [3, 151]',
    "hot-channel": 'detector = "chod"\nchannel = 151\nrate_hz = 100',
    "time-offset": 'detector = "na48chod"\nchannel = 127\noffset_ns = -3.5',
    "lost-eob": "",
    "duplicates": "",
    "missing-spills": "",
    "clock-step": "seconds = 3600",
}


def step(effect, first=3, last=5, more=None):
    more = EXAMPLES[effect] if more is None else more
    end = "" if last is None else f"to = {last}\n"
    return f'[[step]]\nfrom = {first}\n{end}effect = "{effect}"\n{more}\n'


def scenario(*steps):
    return parse_scenario('title = "test"\n' + "".join(steps), "test.toml")


def refusal(*steps, source="test.toml"):
    with pytest.raises(ConfigError) as caught:
        parse_scenario('title = "test"\n' + "".join(steps), source)
    return str(caught.value)


def test_the_promised_scenarios_are_shipped_and_good():
    assert set(shipped_scenarios()) >= REQUIRED
    titles = {load_scenario(name, BEAM).title for name in shipped_scenarios()}
    assert len(titles) == len(shipped_scenarios())
    assert all(len(title) < 100 for title in titles)


def test_shipped_scenarios_are_package_data(request):
    text = (request.config.rootpath / "pyproject.toml").read_text()
    assert '"daq.source.scenario" = ["data/*.toml"]' in text


def test_every_effect_has_an_example_here_and_holds_in_its_bursts_only():
    assert set(EXAMPLES) == set(EFFECTS)
    for effect in EFFECTS:
        story = scenario(step(effect))
        changed = [burst for burst in range(1, 12) if conditions(story, burst, BEAM) != QUIET]
        if effect.startswith("b2"):
            moved = [b for b in range(1, 12) if conditions(story, b, BEAM).beam.b2_current_a != -250.0]
            assert moved[0] == 3 and max(moved) > 5  # ramps back
        else:
            assert changed == [3, 4, 5], effect


def test_a_step_without_an_end_lasts():
    story = scenario(step("halo", last=None))
    assert conditions(story, 2, BEAM) == QUIET
    assert conditions(story, 3, BEAM).beam.halo == conditions(story, 4_000_000_000, BEAM).beam.halo == 2.0
    assert story.last_event() == 3


def test_steps_of_different_things_add_up():
    story = scenario(step("halo", 2, 9), step("intensity", 4, 6), step("lost-eob", 5, 5), step("dead-tiles", 5, 5))
    both = conditions(story, 5, BEAM)
    assert (both.beam.halo, both.beam.intensity, both.wire.drop_eob) == (2.0, 0.5, True)
    assert both.channels.dead_channels == (("muv3", 3), ("muv3", 203), ("muv3", 151), ("muv3", 351))
    assert conditions(story, 6, BEAM).wire.drop_eob is False


def test_numbers_of_the_effects():
    def at(effect, burst):
        return conditions(scenario(step(effect)), burst, BEAM)

    assert [at("drift", burst).beam.halo for burst in (2, 3, 4, 5, 6)] == pytest.approx([1, 1.01, 1.02, 1.03, 1])
    assert at("no-beam", 4).beam.intensity == 0.0
    assert at("t10-gain", 4).beam.t10_gain == 0.75
    assert at("t10", 4).beam.t10 == "negative"
    assert at("magnet-stamp", 4).beam.magnet_stamp_s == -14.4
    assert at("clock-step", 4).clock_step_s == 3600
    assert at("hot-channel", 4).channels.hot_channels == (("chod", 151, 100.0),)
    assert at("time-offset", 4).channels.time_offsets_ns == (("na48chod", 127, -3.5),)
    assert at("missing-spills", 4).skipped
    assert at("duplicates", 4).wire.duplicate
    assert n_taken(scenario(step("missing-spills")), 1, 10, BEAM) == n_taken(None, 1, 7, BEAM) == 7


def test_b2_set_point_and_current_part_in_ramps_and_trips():
    trip = scenario(step("b2-set", 3, 6), step("b2-trip", 8, 9))
    now = [conditions(trip, burst, BEAM).beam for burst in range(1, 14)]
    assert [n.b2_set_a for n in now] == [-250.0] * 2 + [100.0] * 4 + [-250.0] * 7
    assert [n.b2_current_a for n in now] == [-250, -250, -150, -50, 50, 100, 0, 0, 0, -100, -200, -250, -250]
    inside = scenario(step("b2-scan", 3, 5), step("b2-trip", 4, 4, "residual_a = 10"))
    now = [conditions(inside, burst, BEAM).beam for burst in range(2, 8)]
    assert [n.b2_set_a for n in now] == [-250.0, 0.0, 100.0, 200.0, -250.0, -250.0]
    assert [n.b2_current_a for n in now] == [-250, -150, 10, 110, 10, -90]
    fast = BEAM.model_copy(update={"ramp_a_per_spill": 1e4})
    assert [conditions(inside, b, fast).beam.b2_current_a for b in range(2, 7)] == [-250, 0, 10, 200, -250]


@pytest.mark.parametrize(
    ("effect", "more", "line", "reason"),
    [
        ("halo", "factor = -1", 6, "factor: Input should be greater than or equal to 0, got -1"),
        ("halo", "factor = 11", 6, "factor: "),
        ("halo", "factor = nan", 6, "factor: Input should be a finite number"),
        ("halo", "", 2, "'factor' is missing"),
        ("halo", "factor = 2\nfakt = 1", 7, "unknown key 'fakt'; nearest known key is 'factor'"),
        ("intensity", "factor = 1e9", 6, "factor: "),
        ("t10", 'reading = "wrong"', 6, "reading: "),
        ("drift", 'of = "halo"\nper_spill = -0.34', 2, "ends at a factor of -0.02"),
        ("drift", 'of = "halo"\nper_spill = 4', 2, "ends at a factor of 13"),
        ("drift", 'of = "straw"\nper_spill = 0.1', 6, "of: "),
        ("b2-set", "current_a = 1e5", 6, "current_a: "),
        ("b2-scan", "currents_a = [0, 100]\nspills_each = 1", 2, "2 currents of 1 spills end at burst 4, not at 5"),
        ("b2-scan", "currents_a = []\nspills_each = 1", 6, "currents_a: "),
        ("b2-scan", "currents_a = [0, 1, -9e3]\nspills_each = 1", 2, "holds -9000.0 A"),
        ("dead-tiles", 'detector = "chod"\ntiles = [101, 139]', 2, "tile 139 does not exist in chod; the nearest"),
        ("dead-tiles", 'detector = "muv3"\ntiles = [65]', 2, "tile 65 does not exist in muv3"),
        ("dead-tiles", 'detector = "straw"\ntiles = [1]', 6, "detector: "),
        ("dead-tiles", 'detector = "chod"\ntiles = []', 7, "tiles: "),
        ("hot-channel", 'detector = "chod"\nchannel = 140\nrate_hz = 1', 2, "nearest one is 138"),
        ("hot-channel", 'detector = "na48chod"\nchannel = 128\nrate_hz = 1', 2, "nearest one is 127"),
        ("hot-channel", 'detector = "chod"\nchannel = 101\nrate_hz = -5', 8, "rate_hz: "),
        ("time-offset", 'detector = "chod"\nchannel = 101\noffset_ns = 80', 8, "offset_ns: "),
        ("clock-step", 'seconds = "an hour"', 6, "seconds: "),
        ("halu", "", 5, "unknown effect 'halu'; nearest known effect is 'halo'"),
        ("sem-gain", "", 5, "nearest known effect is 't10-gain'"),
    ],
)
def test_wrong_steps_are_refused_with_line_and_reason(effect, more, line, reason):
    message = refusal(step(effect, more=more))
    assert message.startswith(f"scenario test.toml:{line}: step 1 ({effect}): ")
    assert reason in message


def test_bursts_out_of_order_or_without_an_end_are_refused():
    assert "test.toml:2: step 1 (halo): from 9 is after to 4; swap them" in refusal(step("halo", 9, 4))
    assert "test.toml:3: step 1 (halo): from: " in refusal(step("halo", 0, 4))
    assert "has no end" in refusal(step("drift", last=None))
    assert "say where they end" in refusal(step("missing-spills", last=None))
    assert "from: " in refusal(step("halo", '"x"'))
    assert "test.toml:2: step 1: effect = None; wanted one of intensity, halo" in refusal("[[step]]\nfrom = 3\n")


def test_all_wrong_steps_are_named_at_once():
    message = refusal(step("halo", more=""), step("b2-set", more="current_a = 1e9"), step("no-beam"))
    assert [line.split(": ")[1] for line in message.splitlines()] == ["step 1 (halo)", "step 2 (b2-set)"]
    message = refusal(step("halo", more=""), step("intensity"))
    assert message == "scenario test.toml:2: step 1 (halo): 'factor' is missing"


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_the_same_effect_twice_in_a_burst_is_refused(effect):
    first, second = step(effect, 3, 5), step(effect, 5, 7)
    message = refusal(first, second)
    line = 2 + first.count("\n")
    assert f"test.toml:{line}: step 2 ({effect}): sets " in message
    assert f"in burst 5, as does step 1 ({effect}, line 2, bursts 3 to 5)" in message
    assert len(scenario(first, step(effect, 6, 8)).steps) == 2


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        (step("halo"), step("drift", 5, 9), "the halo in burst 5"),
        (step("intensity", last=None), step("no-beam", 8, 9), "the intensity in burst 8 and 1 more"),
        (step("b2-set"), step("b2-scan", 1, 3), "the set point of B2 in burst 3"),
        (step("t10"), step("lost-eob", 4, 4), "the T10 reading in burst 4"),
        (step("dead-tiles"), step("hot-channel", more='detector = "muv3"\nchannel = 203\nrate_hz = 5'), "channel 203"),
    ],
)
def test_steps_that_contradict_one_another_are_refused(one, other, what):
    assert what in refusal(one, other)
    assert what in refusal(other, one)


def test_steps_of_missing_spills_only_are_refused():
    gaps = step("missing-spills", 3, 4) + step("missing-spills", 5, 7)
    assert "step 3 (halo): bursts 4 to 6 are missing spills" in refusal(gaps, step("halo", 4, 6))
    assert len(scenario(gaps, step("halo", 4, 8)).steps) == 3


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_two_steps_are_refused_when_a_burst_is_in_both(a, b, c, d):
    (a, b), (c, d) = sorted((a, b)), sorted((c, d))
    texts = step("halo", a, b), step("halo", c, d)
    if set(range(a, b + 1)) & set(range(c, d + 1)):
        refusal(*texts)
    else:
        scenario(*texts)


def test_a_beam_that_cannot_follow_is_refused(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('title = "own"\n\n' + step("b2-set", 2, 3) + step("intensity", more="factor = 3"))
    assert load_scenario(str(path), BEAM).source == str(path)
    table = BEAM.model_copy(update={"b2": B2Config(table=((-300, 1.0), (50, 2.0)))})
    with pytest.raises(ConfigError, match=r"own.toml:3: step 1 \(b2-set\): beam.b2.table: covers -300.0 to 50.0 A"):
        load_scenario(str(path), table)
    strong = BEAM.model_copy(update={"pot_per_spill": 4e13})
    with pytest.raises(ConfigError, match=r"own.toml:8: step 2 \(intensity\): 1200e11 protons in a spill"):
        load_scenario(str(path), strong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title = ", "not TOML (Invalid value (at"),
        ("", "title = None, wanted one line"),
        ('title = "a\\nb"', "wanted one line"),
        ('titel = "a"', "unknown key 'titel'; nearest known key is 'title'"),
        ('title = "a"\nstep = 3', "'step' is not a list"),
        ('title = "a"\nstep = [{effect = "no-beam", from = 1}]', "1 steps, 0 headers"),
        ('title = "a"\nstep = [1]', "'step' is not a list of tables"),
    ],
)
def test_wrong_files_are_refused(text, reason):
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "f.toml")
    assert "f.toml" in str(caught.value) and reason in str(caught.value)


def test_unknown_names_and_unreadable_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="'halo-x3': no such name; nearest one is 'halo-x2'"):
        load_scenario("halo-x3", BEAM)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(str(tmp_path / "none.toml"), BEAM)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(str(tmp_path / "binary.toml"), BEAM)


def test_headers_may_be_written_in_any_way_of_toml():
    story = parse_scenario("title = 't'\n  [[ \"step\" ]] # one\nfrom=1\neffect='no-beam'\nto=2\n", "x")
    assert story.lines == (2,)
    assert shipped_text("quiet").startswith("title")
