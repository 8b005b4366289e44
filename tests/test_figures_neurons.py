"""`dview neurons`: file, table, pictures and differences, on rows that are made up here; bad options."""

import json
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.figures.command import main
from distributional_view.figures.means import mean_of
from distributional_view.figures.neurons import BLOCKS, Neurons
from distributional_view.figures.neurons_summary import CHANNEL, FEATURE, MATCHED, MEASURES, paired, unpaired
from distributional_view.figures.paradigms_drawn import PICTURES


@dataclass(frozen=True)
class Budget:
    """In place of `backends.embedded.neurons.NeuronBudget`, which needs torch."""

    objects: int = 6


def row(kind, index, feature=None, gain=0.6, **more):
    told = dict.fromkeys(MEASURES, gain) | {"success": gain >= 0.5, "effective_size": 100.0}
    names = {"kind": kind, "index": index, "feature": feature, "level": 0.99, "target": 2.0, "method": "KLSC-weights"}
    more = {"control_gain": 0.1, "control_success": False, "activation": 2.0, "shown": "kept"} | more
    return names | told | more


def shown(row):
    return np.full((PICTURES, 32, 32), 99, dtype=np.uint8), np.arange(1.0, PICTURES + 1)


@pytest.fixture
def artefact():
    features = [row(FEATURE, i, gain=0.3 + 0.1 * i) for i in range(6)]
    matched = [row(MATCHED, i // 2, i, gain=0.2 + 0.1 * i) for i in range(6)]
    channels = [row(CHANNEL, i, gain=0.1) for i in range(6)]
    return Neurons([*features, *matched, *channels], Budget(), 0, shown)


def test_pairs_that_share_a_channel_count_once():
    rng = np.random.default_rng(0)
    features = [row(FEATURE, i, gain=float(g)) for i, g in enumerate(rng.normal(size=40))]
    alone = [row(MATCHED, i, i, gain=0.0) for i in range(40)]
    found = paired(features, alone, "gain", 0)
    own = [r["gain"] for r in features]
    assert found.difference == pytest.approx(np.mean(own))
    assert found.se == pytest.approx(np.std(own) / 40**0.5, rel=0.1)
    assert found.p > 0.05
    twice = [*features, *(r | {"index": r["index"] + 40} for r in features)]
    clusters = [*alone, *(row(MATCHED, i, i + 40, gain=0.0) for i in range(40))]
    again = paired(twice, clusters, "gain", 0)
    assert again.difference == pytest.approx(found.difference)
    assert again.se == pytest.approx(found.se, rel=0.1)  # as pairs of their own they would have 0.7 of it
    shifted = paired([r | {"gain": r["gain"] + 5} for r in features], alone, "gain", 0)
    assert shifted.p < 0.001
    assert paired(features[:1], alone[:1], "gain", 0) is None


def test_labels_are_exchanged_for_random_channels():
    rng = np.random.default_rng(1)
    a = [row(FEATURE, i, gain=float(g)) for i, g in enumerate(rng.normal(size=30))]
    b = [row(CHANNEL, i, gain=float(g)) for i, g in enumerate(rng.normal(size=20))]
    same = unpaired(a, b, "gain", 0)
    far = unpaired([r | {"gain": r["gain"] + 3} for r in a], b, "gain", 0)
    assert same.p > 0.05 > 0.001 > far.p
    assert far.difference == pytest.approx(same.difference + 3)
    assert same.se == pytest.approx((1 / 30 + 1 / 20) ** 0.5, rel=0.3)
    assert unpaired(a[:1], b, "gain", 0) is None
    assert mean_of([], "gain") == (None, None)
    assert mean_of([row(CHANNEL, 0, halves=None)], "halves") == (None, None)


def test_the_file_has_means_and_differences_and_no_pictures(artefact):
    content = json.loads(json.dumps(artefact.numbers(), allow_nan=False))
    assert len(content["rows"]) == 18
    assert not any("shown" in r for r in content["rows"])
    means = {m["kind"]: m["gain"]["mean"] for m in content["means"]}
    assert means == pytest.approx({FEATURE: 0.55, MATCHED: 0.45, CHANNEL: 0.1})
    gain = next(d for d in content["differences"] if d["measure"] == "gain")
    assert gain[MATCHED]["difference"] == pytest.approx(0.1)
    assert gain[CHANNEL]["difference"] == pytest.approx(0.45)
    lines = artefact.table().markdown()
    assert lines.count("| KLSC-weights |") == 5
    assert "succeed: 0% of them" in " ".join(lines.split())


def test_features_stand_above_their_channels(artefact):
    drawn = artefact.draw()
    assert list(drawn) == ["neurons", "neurons-gain"]
    (axes,) = drawn["neurons"].axes
    assert len(axes.images) == BLOCKS * 3 * PICTURES
    words = [text.get_text() for text in axes.texts]
    assert {"feature 0", "feature 5", "matched channel", "At 99 % by KLSC-weights"} <= set(words)
    assert "for comparison" not in words
    left = drawn["neurons-gain"].axes[0]
    curve = {line.get_label(): line.get_xydata() for line in left.lines if "(" in line.get_label()}
    assert curve["channel (6)"][:, 1].tolist() == pytest.approx([1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])
    plt.close("all")


def test_what_was_not_measured_is_left_out_of_pictures_and_curves(artefact):
    empty = dict.fromkeys((*MEASURES, "effective_size"))
    rows = [dict(row) for row in artefact.rows]
    rows[2] |= empty | {"shown": None, "activation": None}  # a level out of reach
    rows[4] |= empty  # a single picture
    drawn = Neurons(rows, Budget(), 0, shown).draw()
    names = {text.get_text() for text in drawn["neurons"].axes[0].texts if text.get_text().startswith("feature ")}
    assert names == {"feature 0", "feature 1", "feature 3", "feature 5"}
    assert next(line.get_label() for line in drawn["neurons-gain"].axes[0].lines) == "feature (4)"
    plt.close("all")


def test_the_last_method_with_numbers_is_drawn_by_what_it_has(artefact):
    wordless = dict.fromkeys(name for name in MEASURES if name not in ("similarity", "diversity"))
    other = [row | wordless | {"method": "search-patch"} for row in artefact.rows]
    nothing = [row | dict.fromkeys(MEASURES) | {"method": "hybrid", "shown": None} for row in artefact.rows]
    found = Neurons([*artefact.rows, *other, *nothing], Budget(), 0, shown)
    assert found.drawn == (0.99, "search-patch")
    (axes,) = found.draw()["neurons-gain"].axes
    assert axes.get_xlabel() == "similarity that is asked for"
    alone = Neurons([*artefact.rows, *nothing], Budget(), 0, shown).draw()["neurons-gain"].axes
    assert [axes.get_xlabel() for axes in alone] == ["gain that is asked for"] * 2
    plt.close("all")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--levels", "high"], "'high': must be a number in (0, 1)"),
        (["--levels", "1.5"], "level = 1.5: must be in (0, 1)"),
        (["--method", "magic"], "method = 'magic': must be one of"),
        (["--objects", "1"], "1 is not in the range x>=2"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, says):
    wrong = CliRunner().invoke(main, ["neurons", *options, "--out", str(tmp_path)])
    assert wrong.exit_code != 0
    assert says in " ".join(wrong.output.split())
    assert not list(tmp_path.iterdir())
