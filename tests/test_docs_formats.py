"""The page of file formats names what files have: endings, fields of a report, files of a job, a config's fields."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from distributional_view.backends.explain import job
from distributional_view.backends.potential import store
from distributional_view.backends.store import layout
from distributional_view.backends.transcoders import checkpoint, config, run
from distributional_view.choices import Activation
from distributional_view.figures.report import ReportSettings, report
from distributional_view.jobs import HASHES, JOB
from distributional_view.tables import SUFFIXES

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/reference/file-formats.md").read_text(encoding="utf-8")


def row(first: str) -> set[str]:
    """Names in code in the rest of the table row whose first cell names `first`."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith("| ") and f"`{first}`" in line.split(" | ")[0]]
    return set(re.findall(r"`([^`]+)`", line.partition(" | ")[2]))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    scores = np.random.default_rng(0).gamma(0.5, size=(300, 1))
    report(scores, out, ReportSettings(top_k=5), ids=[f"{i}.png" for i in range(300)])
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def test_endings():
    section = PAGE.partition("## Results")[0]
    assert set(re.findall(r"`(\.\w+)`", section)) == set(SUFFIXES)


def test_fields_of_a_report(written):
    (feature,) = written["features"]
    assert {"title", "statements", "parameters", "seed", "features"} <= set(written)
    for key in feature:
        assert f"`{key}`" in PAGE, key
    for name in ("hard", "klsc"):
        assert row(name) <= set(feature[name])
        assert len(row(name)) >= 5
    assert row("shown") <= {key for value in feature["shown"].values() if isinstance(value, dict) for key in value}


def test_files_of_a_job():
    section = PAGE.partition("## Job folders")[2].partition("\n## ")[0]
    named = {name for line in section.splitlines() for name in re.findall(r"`([\w.-]+\.\w+)`", line)}
    assert {JOB, HASHES, run.STATE} <= named
    sources = [*Path(job.__file__).parent.glob("*.py"), Path(store.__file__)]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for name in named - {JOB, HASHES, run.STATE}:
        assert re.search(re.escape(name).replace("NNNN", r"\{[^{}]*:04\}"), code), name


def test_a_transcoder_folder():
    section = PAGE.partition("## A transcoder's folder")[2].partition("\n## ")[0]
    assert f"`{checkpoint.CONFIG}` and `{checkpoint.WEIGHTS}`" in section
    assert row("act_fn") == set(get_args(Activation))
    assert row("norm_activation") == set(config.NORMS)
    wanted = {field.name for field in fields(config.Config)} - {"hook_in", "hook_out"}
    for name in wanted | {"hook_point_in", "hook_point_out", checkpoint.NORM + "HOOK", *checkpoint.TO_FILE.values()}:
        assert f"`{name}`" in section, name


def test_stores():
    assert row("store.json") == {field.name for field in fields(layout.Identity)}
    assert row("images-K.parquet") == set(layout.image_schema().names)
    assert row("scores-K.parquet") == set(layout.score_schema(()).names)
