"""Tables look alike in terminal and Markdown, and no number is ever cut."""

import io

from rich.console import Console

from distributional_view.terminal import Table, progress_bar

WIDE = Table(
    "Numbers [0, 1]",
    ("target", "method", *(f"column {i}" for i in range(9))),
    [("5", "exact", *("0.123456789",) * 9), ("5", "[bold]", *("1",) * 9), ("6", "exact", *("2",) * 9)],
    words=("method",),
    keys=1,
    note="a note | with [marks]",
)


def shown(table: Table, width: int) -> str:
    out = io.StringIO()
    table.show(Console(file=out, width=width))
    return out.getvalue()


def test_no_cell_is_cut_in_a_narrow_terminal():
    text = shown(WIDE, 40)
    assert text.count("0.123456789") == 9
    assert "…" not in text
    assert "[bold]" in text
    assert "a note | with [marks]" in text
    assert text == shown(WIDE, 40)


def test_a_group_is_named_once_and_ruled_off():
    lines = shown(WIDE, 400).splitlines()
    body = [line for line in lines if line.startswith("│")]
    assert [line.split("│")[1].strip() for line in body] == ["5", "", "6"]
    assert sum(line.startswith("├") for line in lines) == 1


def test_markdown_has_every_cell():
    lines = WIDE.markdown().splitlines()
    assert lines[0] == "# Numbers [0, 1]"
    assert lines[2].count("|") == 12
    assert lines[3].startswith("| ---: | --- | ---: |")
    assert lines[5] == "| 5 | [bold] | " + " | ".join("1" * 9) + " |"
    assert lines[-1] == "a note | with [marks]"


def test_the_bar_takes_a_total_that_is_not_known():
    out = io.StringIO()
    with progress_bar(Console(file=out, force_terminal=True, width=120)) as progress:
        progress("calibrating [x]", 3, 0)
        progress("calibrating [x]", 4, 10)
    assert "calibrating [x]" in out.getvalue()
    assert "4/10" in out.getvalue()
