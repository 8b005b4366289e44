"""The built lab: one page that needs nothing else, whose reference is what `theory` and `toy` compute today."""

import json
import math
import re
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.optimize import brentq

from distributional_view.figures.lab.command import lab, page
from distributional_view.figures.lab.reference.__main__ import reference
from distributional_view.theory import GaussianLaw, hard_tv_speed, klsc_tv_speed

ROOT = Path(__file__).resolve().parent.parent
PAGE = page().read_text(encoding="utf-8")
LARGEST = 250_000
CLOSE, FLOOR = 1e-9, 1e-13
"""What the page is held to, and rounding of a difference that is itself near 0."""


def addresses(text: str) -> set[str]:
    """What a page names of the network; names of vocabularies are none."""
    return {a for a in re.findall(r"https?://[\w./-]+", text) if not a.startswith("http://www.w3.org/")}


def loaded(text: str) -> list[str]:
    """Scripts, styles and pictures that a page takes from elsewhere."""
    return re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=(?![\"']?data:)[^>]*>", text)


def differences(found: object, kept: object, where: str = "") -> list[str]:
    """Where two records differ by more than rounding."""
    if isinstance(found, dict) and isinstance(kept, dict):
        if found.keys() != kept.keys():
            return [f"{where}: {sorted(found.keys() ^ kept.keys())}"]
        return [line for key in found for line in differences(found[key], kept[key], f"{where}.{key}")]
    if isinstance(found, list) and isinstance(kept, list):
        if len(found) != len(kept):
            return [f"{where}: {len(found)}, not {len(kept)}"]
        pairs = zip(found, kept, strict=True)
        return [line for i, (a, b) in enumerate(pairs) for line in differences(a, b, f"{where}[{i}]")]
    if isinstance(found, float) and isinstance(kept, float | int) and not isinstance(kept, bool):
        return [] if math.isclose(found, kept, rel_tol=CLOSE, abs_tol=FLOOR) else [f"{where}: {found}, not {kept}"]
    return [] if found == kept else [f"{where}: {found!r}, not {kept!r}"]


def test_the_page_is_small_and_needs_nothing_else():
    assert len(PAGE.encode()) <= LARGEST
    assert addresses(PAGE) == set()
    assert loaded(PAGE) == []
    assert '<meta name="site-root" content="">' in PAGE


def test_the_guards_can_fail():
    assert addresses('<a href="https://example.org/x">http://www.w3.org/2000/svg') == {"https://example.org/x"}
    assert loaded('<script src="a.js"></script><link rel="icon" href="data:,"><img src=b.png>') == [
        '<script src="a.js">',
        "<img src=b.png>",
    ]
    kept = {"a": [1.0, {"b": 2.0}], "c": None}
    assert differences({"a": [1.0 + 1e-12, {"b": 2.0}], "c": None}, kept) == []
    assert differences({"a": [1.0, {"b": 2.0 + 1e-8}], "c": None}, kept) == [".a[1].b: 2.00000001, not 2.0"]
    assert differences({"a": [1.0], "c": 0.0}, kept) == [".a: 1, not 2", ".c: 0.0, not None"]
    assert differences({"a": kept["a"]}, kept) == [": ['c']"]


def test_the_reference_is_what_the_code_computes():
    path = ROOT / "tests/lab/reference.json"
    assert path.stat().st_size < 300_000
    found = json.loads(json.dumps(reference(), allow_nan=False))
    stale = differences(found, json.loads(path.read_text(encoding="utf-8")))
    assert not stale, f"run `python -m distributional_view.figures.lab.reference`: {stale[:5]}"


@pytest.mark.parametrize(("opens", "said"), [(True, "opened "), (False, "")])
def test_the_command_opens_the_page_or_says_where_it_is(monkeypatch, opens, said):
    asked = []
    monkeypatch.setattr(webbrowser, "open", lambda address: asked.append(address) or opens)
    done = CliRunner().invoke(lab, ["--scene", "#scene=nudge&mean=6"])
    wanted = f"{page().as_uri()}#scene=nudge&mean=6"
    assert asked == [wanted]
    assert done.output == f"{said}{wanted}\n"


def test_the_command_can_say_where_the_page_is_without_opening_it(monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: pytest.fail("opened"))
    done = CliRunner().invoke(lab, ["--where"])
    assert done.output == f"{page().as_uri()}\n"
    assert page().is_file()


def test_the_claim_of_a_crossing_has_its_number():
    """The page's sentence against the root of the two speeds of a standard Gaussian score."""
    law = GaussianLaw()
    crossing = brentq(lambda t: hard_tv_speed(law, t) - klsc_tv_speed(law, 0.0), -4.0, 0.0)
    claims = (ROOT / "figures/lab/source/scenes/statements.js").read_text(encoding="utf-8")
    (line,) = (line for line in claims.splitlines() if "Ours: crossing" in line)
    assert f"about {crossing:.2f}".replace("-", "−") in line
