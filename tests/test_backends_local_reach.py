"""`dview neurons` on weights of one's own where some levels are out of reach, pictures have no words, or are alone."""

import json
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from distributional_view.backends.measures import cost as cost_module
from distributional_view.backends.paradigms.local_model import local_model
from tests.support.local_calls import call, request_of, save_several, scores_of

torch.set_num_threads(1)
LEVEL = 0.99


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return save_several(tmp_path_factory.mktemp("mine") / "parts")


@pytest.fixture(scope="module")
def mixed(parts, tmp_path_factory):
    """A method that weighs pictures and one that draws, at a level that some objects cannot be brought to."""
    out = tmp_path_factory.mktemp("mixed")
    more = ("--objects", 6, "--levels", LEVEL, "--method", "retrieval", "--method", "search-patch", "--label-folders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost_module, "gc", Mock())
        done = call("neurons", parts, out, *more, images="labelled")
    assert done.exit_code == 0, done.output
    return json.loads((out / "neurons-own.json").read_text()), " ".join(done.output.split()), out


def test_a_level_out_of_reach_is_told_of_each_object_and_the_rest_is_measured(mixed, parts, tmp_path):
    rows, said = mixed[0]["rows"], mixed[1]
    model = local_model(request_of(parts, images="labelled"), tmp_path / "memory.json", 0)
    found = set()
    for row in (row for row in rows if row["kind"] == "feature"):
        scores = scores_of(model.score(row["index"]), [*model.training, *model.held])
        beyond = np.quantile(scores, LEVEL) >= scores[: len(model.training)].max()
        assert ((row["problem"] or "").startswith("out of reach")) == beyond
        assert (row["activation"] is None) == beyond
        assert row["similarity"] is None if beyond else row["activation"] > scores.mean()
        found.add(bool(beyond))
    assert found == {True, False}
    missed = sum(row["similarity"] is None for row in rows)
    assert f"Nothing is measured in {missed} of {len(rows)} rows" in said


def test_a_single_picture_is_shown_and_not_measured(mixed):
    alone = [row for row in mixed[0]["rows"] if row["problem"] == "a single picture, of which nothing is measured"]
    assert alone
    for row in alone:
        assert row["activation"] is not None
        assert row["similarity"] is row["diversity"] is row["gain"] is None


def test_drawn_pictures_have_no_words_and_what_is_drawn_last_needs_none(mixed):
    content, _, out = mixed
    several = [row for row in content["rows"] if row["similarity"] is not None]
    assert {(row["method"], row["gain"] is None) for row in several} == {("retrieval", False), ("search-patch", True)}
    assert (out / "neurons-own.png").stat().st_size > 0
    means = {(mean["method"], mean["kind"]): mean for mean in content["means"]}
    known = [row["gain"] for row in several if (row["method"], row["kind"]) == ("retrieval", "feature")]
    assert means["retrieval", "feature"]["gain"]["mean"] == pytest.approx(np.mean(known))
    assert means["search-patch", "feature"]["gain"]["mean"] is None


def test_a_level_that_no_object_can_be_brought_to_is_refused(parts, tmp_path):
    low = call("neurons", parts, tmp_path, "--objects", 2, "--levels", 0.05)
    assert low.exit_code == 1
    said = " ".join(low.output.split())
    assert "--levels: nothing can be measured at 0.05, such as of feature" in said
    assert "choose other levels, or give more pictures" in said
