"""The list of features against numpy on the dense table."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view import reweight_to
from distributional_view.backends.store import summary
from distributional_view.backends.store.command import SORTS, features
from distributional_view.backends.store.read import open_store
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(6000, 6, 0.5, seed=2)
DENSE[:, 0] = 0
DENSE[:, 1] = 1 + np.random.default_rng(0).pareto(2.0, 6000)
DENSE[:, 2] = np.where(np.arange(6000) < 4, 3.0, 0)
DENSE[:, 3] = np.where(np.arange(6000) < 30, 2.0, 0)
LABELS = [("zebra", "lion", "fox")[i % 3] for i in range(6000)]
DENSE[0::3, 4] *= 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("s") / "s", DENSE, 1700, labels=LABELS)


@pytest.mark.parametrize("rows", [summary.ROWS, 3000])
def test_numbers_are_those_of_the_dense_columns(folder, rows, monkeypatch):
    monkeypatch.setattr(summary, "ROWS", rows)
    found = open_store(folder).features(labels=True)
    assert [row.feature for row in found.rows] == list(range(6))
    for row, dense in zip(found.rows, DENSE.T.astype(float), strict=True):
        fires = np.sort(dense[dense > 0])
        assert row.fires == fires.size
        assert row.density == fires.size / 6000
        assert row.mean == pytest.approx(dense.mean(), rel=1e-6)
        if not fires.size:
            assert (row.max, row.tail, row.effective_size, row.label) == (None,) * 4
            continue
        quantiles = np.quantile(fires, summary.QUANTILES, method="inverted_cdf")
        assert (row.median, row.q90, row.q99) == tuple(quantiles)
        assert row.max == fires.max()
        assert row.top_mean == pytest.approx(np.sort(dense)[-9:].mean(), rel=1e-6)
        wanted = reweight_to(dense, row.top_mean if row.multiplier else dense.max())
        assert row.effective_size == pytest.approx(wanted.effective_size, rel=1e-3)
        if row.multiplier:
            assert row.multiplier == pytest.approx(wanted.multiplier, rel=1e-3)


def test_the_tail_is_that_of_a_power_law(folder):
    rows = open_store(folder).features().rows
    top = np.sort(DENSE[:, 1].astype(float))[-100:]
    assert rows[1].tail == pytest.approx(np.mean(np.log(top[1:]) - np.log(top[0])), rel=1e-6)
    assert rows[1].tail == pytest.approx(0.5, abs=0.15)  # its index is 2, and the estimator's standard error 0.05
    assert rows[5].tail < 0.3
    assert rows[3].tail == 0


def test_labels_of_the_top_pictures(folder):
    row = open_store(folder).features(labels=True).rows[4]
    top = np.argsort(-DENSE[:, 4])[:100]
    assert (row.label, row.purity) == ("zebra", sum(LABELS[i] == "zebra" for i in top) / 100)
    assert row.purity > 0.9


def listed(*arguments):
    result = CliRunner().invoke(features, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_sorts_and_writes(folder, tmp_path):
    printed = listed(folder, "--sort", "density", "--descending", "--labels")
    rows = [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")]
    order = np.argsort(-(DENSE > 0).mean(0), kind="stable").tolist()
    assert rows == [str(j) for j in order]
    assert "zebra" in printed
    content = json.loads(listed(folder, "--json", "-", "--sort", "tail", "--top", 2))
    assert [row["feature"] for row in content["features"]] == [2, 3]
    assert (content["pictures"], content["reduction"], len(content["features"])) == (6000, "mix", 2)
    listed(folder, "--csv", tmp_path / "f.csv", "--json", tmp_path / "f.json")
    with (tmp_path / "f.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [int(row["fires"]) for row in found] == (DENSE > 0).sum(0).tolist()
    assert json.loads((tmp_path / "f.json").read_text())["features"][0]["max"] is None


def test_every_column_can_be_sorted_by():
    assert SORTS == summary.COLUMNS
