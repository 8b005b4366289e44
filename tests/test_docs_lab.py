"""What the page *Play* tells of the lab's address is what the lab reads."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAY = (ROOT / "docs/tutorials/play.md").read_text(encoding="utf-8")
SOURCE = ROOT / "figures/lab/source"

pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="the lab is not in this checkout")


def source(name: str) -> str:
    return (SOURCE / name).read_text(encoding="utf-8")


def names_in(row: str) -> list[str]:
    """Names after the colon of the table's row that shows this part of an address."""
    (line,) = [line for line in PLAY.splitlines() if line.startswith(f"| `{row}")]
    return re.findall(r"`([a-z]+)`", line.partition(":")[2])


def test_scenes():
    scenes = [re.search(r'id: "(\w+)"', source(f"scenes/{name}.js")) for name in names_in("#scene=")]
    assert [scene.group(1) for scene in scenes if scene] == names_in("#scene=")
    ordered = re.search(r"SCENES = \[([\w, ]+)\]", source("scenes/index.js"))
    assert ordered is not None
    assert ordered.group(1).split(", ") == names_in("#scene=")


def test_fields_of_the_address():
    fields = re.search(r"const FIELDS = \{(.*?)\n\};", source("page/state.js"), re.S)
    assert fields is not None
    told = re.findall(r"^\| `[#&](\w+)=", PLAY, re.M)
    assert told == re.findall(r"^  (\w+): ", fields.group(1), re.M)


def test_parts_that_can_be_left_out():
    hideable = re.search(r"HIDEABLE = \[(.*?)\]", source("page/state.js"))
    assert hideable is not None
    assert re.findall(r'"(\w+)"', hideable.group(1)) == names_in("&hide=")
