"""The lab's eight scenes: predict and reveal, by mouse, finger and keys; addresses; readers, screens, motion."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from distributional_view.theory import calibrate_hard, calibrate_klsc, kl
from distributional_view.toy.world import paper_world
from tests.browser.conftest import arrive, chromium
from tests.browser.lab import SCENES, Lab

pytestmark = pytest.mark.browser
NARROW = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def lab(browser):
    return Lab(browser)


@pytest.mark.parametrize("scene", SCENES)
def test_each_scene_asks_before_it_shows(lab, scene):
    lab.open(scene)
    closed = lab.all("#evidence .unknown")
    question = lab.text("#story [data-part=question]")
    assert "?" in question
    assert len(lab.all("#story .option")) == 3
    assert lab.text("#story [data-part=answer]") == ""
    assert not lab.find("#story [data-part=proof]").is_displayed()
    if scene not in ("makers", "words"):
        assert closed
        assert {cell.text for cell in closed} == {"?"}
    lab.answer(1)
    assert lab.text("#story [data-part=answer]") != ""
    assert lab.find("#story [data-part=answer]").get_attribute("aria-live") == "polite"
    assert len(lab.all("#story .option[data-right]")) == 1
    assert not lab.all("#evidence .unknown")
    proof = lab.text("#story [data-part=proof]")
    assert lab.find("#story [data-part=proof]").is_displayed()
    assert "dview where" in proof
    assert lab.complaints() == []


def test_a_walk_through_all_scenes_by_keys_alone(lab):
    lab.open("feature")
    seen = []
    for scene in SCENES:
        lab.settled(scene)
        seen.append(scene)
        press(lab, Keys.TAB, until="option")
        lab.after_drawing(lambda: ActionChains(lab.browser).send_keys(Keys.ENTER).perform())
        assert lab.text("#story [data-part=answer]") != ""
        if scene != SCENES[-1]:
            press(lab, Keys.TAB, until="next")
            ActionChains(lab.browser).send_keys(Keys.ENTER).perform()
    assert seen == list(SCENES)
    assert lab.complaints() == []


def press(lab, key, until):
    """Press a key until the focus is on an element with this class or action, and visible there."""
    script = "const e = document.activeElement; return [e.className, e.dataset.action ?? '']"
    for _ in range(60):
        ActionChains(lab.browser).send_keys(key).perform()
        classes, action = lab.browser.execute_script(script)
        if until in (*classes.split(), action):
            return
    raise AssertionError(f"no {until} within sixty presses")


def test_the_slider_moves_by_keys_and_numbers_are_those_of_theory(lab):
    lab.open("prices")
    lab.answer(2)
    law = paper_world().law
    for _ in range(3):
        lab.after_drawing(lambda: lab.find("#mean").send_keys(Keys.ARROW_RIGHT))
    mean = float(lab.find("#mean").get_attribute("value"))
    assert mean > 5
    hard, klsc = calibrate_hard(law, mean), calibrate_klsc(law, mean)
    assert lab.numbers("KL to p, nats") == pytest.approx([hard.kl, klsc.kl], abs=6e-4)
    assert f"{kl(hard, klsc):.3f} nats" in lab.text("#evidence")


@pytest.mark.parametrize("by", ["mouse", "finger", "keys"])
def test_a_mode_is_moved_and_all_numbers_follow(lab, by):
    lab.open("world")
    lab.answer(2)
    before = lab.numbers("KL to p, nats"), lab.numbers("boundary mass at t")
    handle = lab.find(".handle[data-mode='2']")
    if by == "mouse":
        lab.after_drawing(lambda: ActionChains(lab.browser).drag_and_drop_by_offset(handle, 40, -25).perform())
    elif by == "finger":
        lab.after_drawing(lambda: touch(lab, handle, 40, -25))
    else:
        for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.SHIFT + Keys.ARROW_UP):
            lab.after_drawing(lambda key=key: handle.send_keys(key))
    after = lab.numbers("KL to p, nats"), lab.numbers("boundary mass at t")
    assert all(a != b for x, y in zip(before, after, strict=True) for a, b in zip(x, y, strict=True))
    assert after[0][0] > after[0][1]  # whatever the world: Theorem D.14
    lab.wait(lambda: "modes=" in lab.hash())
    lab.after_drawing(lambda: lab.find("[data-action=reset]").click())
    assert lab.numbers("KL to p, nats") == before[0]
    assert lab.complaints() == []


def touch(lab, handle, dx, dy):
    """One finger on a handle, moved and lifted."""
    handle.location_once_scrolled_into_view  # noqa: B018
    box = lab.browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", handle)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + dx / 2, "y": y + dy / 2}]),
        ("touchMove", [{"x": x + dx, "y": y + dy}]),
        ("touchEnd", []),
    ):
        lab.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_nudge_swaps_as_many_pictures_as_the_table_says(lab):
    lab.open("nudge")
    lab.answer(0)
    lab.after_drawing(lambda: lab.find("#nudge").click())
    for share, words in zip(lab.numbers("replaced by a nudge"), lab.all("#panels .plane .caption")[1:], strict=True):
        counted = [int(part) for part in words.text.split() if part.isdigit() and part != "1000"]
        assert any(abs(count - 1000 * share) <= 1.05 for count in counted), (share, words.text)


def test_an_address_restores_what_it_was_copied_from(lab):
    lab.open("world", "&mean=6.5&modes=3,2;-2,2;-2,-3;2,-2&seed=7&hide=curve")
    lab.answer(2)
    shown = lab.numbers("KL to p, nats")
    lab.set_range("mean", 6.4)
    lab.set_range("mean", 6.5)
    lab.wait(lambda: "mean=6.5" in lab.hash())
    address = lab.hash()
    for part in ("scene=world", "modes=3,2;-2,2;-2,-3;2,-2", "seed=7", "hide=curve"):
        assert part in address
    lab.open("world", address.removeprefix("#scene=world"))
    lab.answer(2)
    assert lab.numbers("KL to p, nats") == shown
    assert not lab.all("#evidence .curve")


def test_what_an_address_should_not_say_is_left_out(lab):
    lab.open("edge", "&mean=nine&modes=1,2&seed=-1&hide=everything&k=0")
    assert float(lab.find("#mean").get_attribute("value")) == 7
    arrive(lab.browser, lab.open("edge").browser.current_url.split("#")[0] + "#scene=nowhere")
    lab.settled("feature")
    assert lab.complaints() == []


def test_the_makers_are_judged_and_optimisation_does_not_notice_p(lab):
    lab.open("makers")
    lab.answer(1)

    def distances():
        lab.wait(lambda: len(cells()) == 4 and all("0." in cell for cell in cells()), "the runs did not end")
        return [float(cell) for cell in cells()]

    def cells():
        script = (
            "return [...document.querySelectorAll('#evidence tbody td, #evidence dd')].map((e) => e.textContent.trim())"
        )
        return [cell for cell in lab.browser.execute_script(script) if cell]

    dps, retrieval, optimisation, floor = distances()
    assert dps < 2 * floor
    assert 2 * floor < retrieval < optimisation
    lab.put("step", 40)
    assert lab.find("#step").get_attribute("aria-valuetext") == "step 40 of 100"
    assert lab.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
def test_no_accessibility_violation_in_any_scene(dark):
    browser = chromium(dark=dark)
    try:
        lab = Lab(browser)
        for scene in SCENES:
            lab.open(scene)
            assert lab.violations() == [], scene
            lab.answer(0)
            assert lab.violations() == [], f"{scene}, answered"
    finally:
        browser.quit()


def test_a_violation_would_be_found(lab):
    lab.open("feature")
    lab.browser.execute_script("document.getElementById('mean').labels[0].remove()")
    assert any(found.startswith("label") for found in lab.violations())


def test_a_telephone_shows_pictures_first_and_nothing_is_wider():
    browser = chromium()
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
        lab = Lab(browser)
        for scene in SCENES:
            lab.open(scene)
            lab.answer(0)
            assert lab.width() <= 390, scene
            assert lab.find("#panels").rect["y"] < lab.find("#heading").rect["y"], scene
            assert lab.complaints() == [], scene
    finally:
        browser.quit()


def test_who_wants_less_motion_sees_the_end_at_once(lab):
    lab.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    try:
        lab.open("makers")
        assert lab.browser.execute_script("return document.getAnimations().length") == 0
        lab.wait(lambda: lab.find("[data-action=play]").is_enabled())
        lab.browser.execute_script("arguments[0].click()", lab.find("[data-action=play]"))
        assert lab.find("[data-action=play]").text == "Play"
        assert lab.find("output[for=step]").text in ("0", "100")
    finally:
        lab.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
