"""Every code block of the documentation is run, and prints what its page shows; what the pages name exists."""

import re
from pathlib import Path

import pytest

from distributional_view.proofs_check.pointers import unknown as unknown_pointers
from tests.support.documented import mentioned, mistakes, same, unknown
from tests.support.documented_blocks import blocks, commands

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [page for page in PAGES if "node_modules" not in page.parts]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def wrong_targets(text: str) -> set[str]:
    """What `make` is asked for in blocks of commands and in the text, and has not."""
    lines = [line for block in blocks(text) if block.language in ("sh", "console") for line in commands(block)]
    told = [*lines, *re.findall(r"`(make [^`]+)`", text)]
    words = {word for line in told if line.startswith("make ") for word in line.split("#")[0].split()[1:]}
    return {word for word in words if "=" not in word} - TARGETS


SLOW = {"docs/tutorials/embedded-feature.md", "docs/how-to/measure-pictures.md"}
"""Pages whose blocks take a minute or more."""
RUN = [
    pytest.param(page, id=name, marks=[pytest.mark.slow] if name in SLOW else [])
    for page, name in zip(PAGES, NAMES, strict=True)
]


@pytest.mark.parametrize("page", RUN)
def test_blocks_run_and_print_what_is_shown(page, tmp_path):
    found = mistakes(page.read_text(encoding="utf-8"), tmp_path)
    assert not found, f"{page}\n" + "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    assert not {line: wrong for line in mentioned(text) if (wrong := unknown(line))}
    assert not wrong_targets(text)
    assert not unknown_pointers(text)
    for path in re.findall(r"`((?:theory|toy|figures|proofs_check|backends|tests|package)/[\w/.-]+)`", text):
        assert (ROOT / path).exists(), path


def test_slow_pages_exist():
    assert set(NAMES) >= SLOW


PRINTS = "```python\na = 2\nprint(a)\n```\n\n<!-- output -->\n```text\n2\n```\n"


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (PRINTS, None),
        (PRINTS + "<!-- setup\nb = a + 1\n-->\n```python\nprint(b)\n```\n<!-- output -->\n```text\n3\n```\n", None),
        (PRINTS.replace("\n2\n", "\n3\n"), "line 8: the page shows"),
        (PRINTS.replace("print(a)", 'print("  2")').replace("\n2\n", "\n  2\n"), None),
        ("- x\n\n" + "".join(f"    {line}\n" for line in PRINTS.splitlines()), None),
        (PRINTS.replace("\n2\n", "\n 2\n"), "line 8: the page shows"),
        (PRINTS + "```python\nprint(a / 0)\n```\n", "ZeroDivisionError"),
        (PRINTS + "```python\nprint(b)\n```\n", "line 11.*NameError"),
        ("<!-- output -->\n```text\n2\n```\n", "nothing was run"),
        ("<!-- smaller: 9**9 => 2 -->\n" + PRINTS.replace("a = 2", "a = 9**9"), None),
        ("```python\nimport os\nos._exit(1)\n```\n", "its process ended"),
        ("```python\nimport os\nos.system('echo 5')\n```\n<!-- output -->\n```text\n5\n```\n", "the page shows"),
        ("```pyhton\nprint(2)\n```\n", "language = 'pyhton'"),
        ("<!-- run -->\n```console\n$ dview --version\ndview 0\n```\n", "a text block of its own"),
        ("<!-- run -->\n```sh\nls\n```\n", "only `dview` commands"),
        ("<!-- run -->\n```sh\ndview where D.77\n```\n", "ended with 2"),
        ("<!-- run -->\n```sh\ndview where \\\n    D.7  # all of it\n```\n<!-- output: parts -->\n```text\nLemma D.7,"
         " lemma: tilting lowers the boundary hazard (12, 66, 67, 68, 69)\n...\n```\n", None),
    ],
)  # fmt: skip
def test_pages_can_be_wrong(page, wrong, tmp_path):
    found = mistakes(page, tmp_path)
    assert found == [] if wrong is None else re.search(wrong, "\n".join(found), re.S), found


def test_marks_can_be_wrong():
    with pytest.raises(ValueError, match="mark = 'ouptut'"):
        blocks("<!-- ouptut -->\n```text\n2\n```\n")
    with pytest.raises(ValueError, match="mark = 'run'"):
        blocks("<!-- run -->\n```python\n2\n```\n")
    with pytest.raises(ValueError, match="smaller = '9'"):
        mistakes("<!-- smaller: 9 => 2 -->\n```python\nprint(8)\n```\n", Path())


def test_output_is_compared_exactly():
    assert same("a\n\nb\n", "a  \n\nb\n")
    assert not same("a\nb\n", "a\n\nb\n")
    assert not same("a\n...\n", "a\nb\n")
    assert same("a\n...\nd\n", "a\nb\nc\nd\n", parts=True)
    assert not same("a\n...\nd\n", "a\nb\nc\n", parts=True)
    assert not same("1.5\n", "1x5\n", parts=True)


def test_commands_can_be_wrong():
    assert unknown("dview explain --embedded --feature 3") == []
    assert unknown("dview explain --neuron 3  # --target") == ["--neuron"]
    assert unknown("dview tabel2") == ["tabel2"]
    assert unknown("dview study make FOLDER --side 128") == []
    assert unknown("dview study make FOLDER --rater 1") == ["--rater"]
    assert unknown("dview study mkae") == ["study mkae"]
    assert mentioned("see `dview a\n--b` and\n```\ndview c \\\n  --d\n```\n") == ["dview a --b", "dview c    --d"]
    assert mentioned("```console\n$ dview a --b\n```\n") == ["dview a --b"]
    assert wrong_targets("`make tset JOBS=2` or\n```sh\nmake lint  # types\nmake bneches\n```\n") == {"tset", "bneches"}
