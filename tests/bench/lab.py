"""Milliseconds of script in the lab, in Chromium: python -m tests.bench.lab

A slider move and the drag of a mode at 20 000 points, all that is computed and drawn (the wish: 33 ms), calibrated
EnergyDPS with the other methods, and a million own activations. Medians of several, on whatever else the machine does.
"""

import statistics
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from distributional_view.terminal import Table
from tests.browser.conftest import chromium
from tests.browser.lab import Lab

WISH_MS = 33
SLIDE = """
const done = arguments[arguments.length - 1], mean = document.getElementById('mean');
const times = [];
const ask = window.requestAnimationFrame.bind(window);
let k = 0;
const one = () => {
  if (k === 25) return done(times);
  let spent = 0, begun = performance.now();
  const kept = window.requestAnimationFrame;
  window.requestAnimationFrame = (work) => ask((now) => {
    const at = performance.now(); work(now); spent += performance.now() - at;
    window.requestAnimationFrame = kept; times.push(spent); k++; setTimeout(one);
  });
  begun = performance.now(); (%s)(k); spent += performance.now() - begun;
};
one();
"""
MEAN = "(k) => { mean.value = 5 + 0.02 * (k + 1); mean.dispatchEvent(new Event('input', { bubbles: true })); }"
MODE = """(k) => document.querySelector('.handle[data-mode="2"]').dispatchEvent(
  new KeyboardEvent('keydown', { key: k % 2 ? 'ArrowLeft' : 'ArrowRight', bubbles: true }))"""


def median(lab: Lab, change: str) -> float:
    """Of the script's milliseconds from a change of the state to the end of its drawing."""
    return statistics.median(lab.browser.execute_async_script(SLIDE % change)[3:])


def waited(lab: Lab, act, until) -> float:
    """Milliseconds of wall time until a state is reached."""
    now = "return performance.now()"
    begun = lab.browser.execute_script(now)
    act()
    lab.wait(until)
    return lab.browser.execute_script(now) - begun


def main() -> None:
    browser = chromium()
    lab = Lab(browser)
    try:
        rows = []
        for scene in ("prices", "nudge", "world"):
            lab.open(scene)
            lab.answer(0)
            rows.append((f"slider move, scene {scene}", median(lab, MEAN), f"wish: {WISH_MS} ms"))
        rows.append(("a mode moved, scene world", median(lab, MODE), f"wish: {WISH_MS} ms"))
        lab.open("makers")
        lab.wait(lambda: lab.data("busy") is None)
        spent = waited(lab, lambda: lab.put("mean", 6.5), lambda: "6.5" in lab.hash() and lab.data("busy") is None)
        rows.append(("three methods calibrated and judged", spent, "wall time, a wait of 0.3 s included"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "million.npy"
            np.save(path, np.random.default_rng(0).exponential(size=1_000_000))
            lab.open("own")
            spent = waited(lab, lambda: lab.find("#file").send_keys(str(path)), lambda: "million.npy, 1" in said(lab))
            rows.append(("a million activations read, sorted and solved", spent, "wall time"))
    finally:
        browser.quit()
    table = Table(
        "The lab, milliseconds", ("what", "ms", "note"), [(a, f"{b:.0f}", c) for a, b, c in rows], ("what", "note")
    )
    table.show(Console())


def said(lab: Lab) -> str:
    return lab.text("[data-part=sentence]").replace("\u2009", "")


if __name__ == "__main__":
    main()
