"""The report of activations: numbers against independent formulas, what it shows, and what it says about bad input."""

import builtins
import doctest
import json
import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy.optimize import brentq

from distributional_view.figures.command import main
from distributional_view.figures.report import ReportSettings, report
from distributional_view.figures.report import run as module
from distributional_view.figures.report.activations import Column, as_scores, columns
from distributional_view.figures.report.analysis import analyse
from distributional_view.figures.report.run import analyses
from distributional_view.figures.report.words import parse_targets


def activations(seed: int, n: int = 4000) -> np.ndarray:
    """90 % zeros, else one of two gammas."""
    rng = np.random.default_rng(seed)
    tail = np.where(rng.random(n) < 0.7, rng.gamma(1.0, 0.8, n), rng.gamma(6.0, 0.6, n))
    return np.where(rng.random(n) < 0.1, tail, 0.0)


def numbers(scores, **settings):
    feature = analyse("f", as_scores(np.asarray(scores)), ReportSettings(**settings))
    return json.loads(json.dumps(feature.as_dict(), allow_nan=False))


@pytest.fixture
def run(tmp_path):
    def once(path, *arguments: str, code: int = 0):
        result = CliRunner().invoke(main, ["report", str(path), "--out", str(tmp_path / "out"), *arguments])
        assert result.exit_code == code, result.output
        file = tmp_path / "out" / "report.json"
        return (json.loads(file.read_text()) if file.exists() else None), " ".join(result.output.split())

    return once


def tilt(y: np.ndarray, mean: float) -> tuple[float, np.ndarray]:
    """The multiplier and weights of the tilt with a mean, by bracketing on the points themselves."""

    def weights(beta: float) -> np.ndarray:
        w = np.exp(beta * (y - y.max()))
        return w / w.sum()

    beta = float(brentq(lambda b: weights(b) @ y - mean, 0.0, 1e4, xtol=1e-14))
    return beta, weights(beta)


@pytest.mark.parametrize("k", [1, 9, 150])
def test_numbers_are_those_of_the_points_themselves(k):
    y, margin = activations(1), 0.3
    n, found = y.size, numbers(activations(1), top_k=k, margin=margin)
    top = np.sort(y)[::-1][:k]
    t, mean = top[-1], top.mean()
    hard, klsc = found["hard"], found["klsc"]
    assert (hard["threshold"], hard["kept"], hard["ties"]) == (t, pytest.approx(k), 1)
    assert found["mean"] == pytest.approx(mean, rel=1e-12)
    assert hard["kl"] == pytest.approx(math.log(n / k), rel=1e-9)
    assert hard["kl_if_ties_by_order"] == pytest.approx(math.log(n / k))
    assert hard["boundary_mass"] == pytest.approx((top < t + margin).mean())
    if k == 1:
        assert found["status"] == "limit"
        assert klsc["multiplier"] is None
        assert found["kl_saved"] == pytest.approx(0, abs=1e-12)
        return
    beta, w = tilt(y, mean)
    assert klsc["multiplier"] == pytest.approx(beta, rel=1e-9)
    assert klsc["kl"] == pytest.approx(float(w @ np.log(n * w, where=w > 0, out=np.zeros(n))), rel=1e-9)
    assert found["kl_saved"] == pytest.approx(float(np.mean(np.log(1 / (k * w[y >= t])))), rel=1e-8)
    assert found["kl_saved"] > 0.1
    assert klsc["effective_size"] == pytest.approx(1 / (w**2).sum(), rel=1e-9)
    assert klsc["boundary_mass"] == pytest.approx(w[(y >= t) & (y < t + margin)].sum() / w[y >= t].sum(), rel=1e-9)
    assert klsc["mass_below_threshold"] == pytest.approx(w[y < t].sum(), rel=1e-9)
    assert hard["tv_speed"] == pytest.approx(1 / (mean - t))
    assert klsc["tv_speed"] == pytest.approx(w @ np.abs(y - mean) / (2 * (w @ (y - mean) ** 2)), rel=1e-9)
    assert found["tv_between"] == pytest.approx(0.5 * np.abs(w - (y >= t) / k).sum(), rel=1e-9)


def test_what_a_small_change_does():
    y, k, margin = activations(2), 40, 0.2
    found = numbers(y, top_k=k, margin=margin)
    t = np.sort(y)[-k]
    _, w = tilt(y, np.sort(y)[-k:].mean())
    for name, kept in (("one_more", np.sort(y)[-k - 1]), ("threshold_plus_margin", t + margin)):
        change, after = found["moves"][name], y >= kept
        _, moved = tilt(y, y[after].mean())
        assert change["rise_of_mean"] == pytest.approx(y[after].mean() - found["mean"], rel=1e-9)
        assert change["tv_hard"] == pytest.approx(0.5 * np.abs(after / after.sum() - (y >= t) / k).sum(), rel=1e-9)
        assert change["tv_klsc"] == pytest.approx(0.5 * np.abs(moved - w).sum(), rel=1e-6)
        assert change["tv_hard"] > 2 * change["tv_klsc"]
    assert found["moves"]["one_more"]["tv_hard"] == pytest.approx(1 / (k + 1))


def test_drawn_curves_are_the_laws():
    y = activations(3)
    found = numbers(y, top_k=30)
    t, (_, w) = found["hard"]["threshold"], tilt(y, found["mean"])
    tail, bins = found["tail"], found["histogram"]
    for i in (0, len(tail["level"]) // 2, -1):
        level = tail["level"][i]
        assert tail["p"][i] == pytest.approx((y >= level).mean())
        assert tail["klsc"][i] == pytest.approx(w[y >= level].sum(), rel=1e-8)
        assert tail["hard"][i] == pytest.approx((y >= max(level, t)).sum() / 30)
    assert tail["level"][-1] == y.max()
    for name, masses in (("p", np.full(y.size, 1 / y.size)), ("klsc", w), ("hard", (y >= t) / 30)):
        assert bins[name] == pytest.approx(np.histogram(y, bins["edges"], weights=masses)[0], abs=1e-12)
    rises, far = (found["moved"]["klsc"][key] for key in ("rise_of_mean", "tv"))
    assert far[4] / rises[4] == pytest.approx(0.5 * np.abs(tilt(y, found["mean"] + rises[4])[1] - w).sum() / rises[4])


def test_ties_are_shared_out_and_counted():
    y = np.repeat([0.0, 1.0, 2.0, 3.0], [900, 70, 20, 10])
    found = numbers(np.random.default_rng(0).permutation(y), top_k=15)
    hard = found["hard"]
    assert (hard["threshold"], hard["ties"], hard["ties_kept"]) == (2.0, 20, 5)
    assert found["notes"][0] == "5 of the top 15 are an arbitrary choice among 20 that tie at 2"
    assert found["mean"] == pytest.approx((30 + 10) / 15)
    q = np.array([0.25] * 20 + [1.0] * 10) / 15
    assert hard["kl"] == pytest.approx(float(q @ np.log(1000 * q)), rel=1e-9)
    assert hard["kl"] < hard["kl_if_ties_by_order"] == pytest.approx(math.log(1000 / 15))
    _, w = tilt(y, found["mean"])
    full = np.concatenate([np.zeros(970), q])
    assert found["tv_between"] == pytest.approx(0.5 * np.abs(w - full).sum(), rel=1e-9)
    assert found["kl_saved"] == pytest.approx(float(q @ np.log(q / w[970:])), rel=1e-8)


def test_a_target_takes_the_place_of_the_top_k_mean():
    y = activations(4)
    found = numbers(y, top_k=12, target=1.0)
    beta, w = tilt(y, 1.0)
    assert found["mean"] == pytest.approx(1.0, rel=1e-12)
    assert found["klsc"]["multiplier"] == pytest.approx(beta, rel=1e-9)
    kept = y[y >= found["hard"]["threshold"]]
    assert kept[kept > kept.min()].mean() >= 1.0 > y[y > 0].mean() * (y > 0).mean()
    listed = found["shown"]["hard"]
    assert len(set(listed["indices"])) == 12
    assert (y[listed["indices"]] >= found["hard"]["threshold"]).all()
    assert abs(found["shown"]["klsc"]["mean"] - 1.0) < 0.4  # one in each twelfth of the weight
    assert found["shown"]["klsc"]["expected_mean"] == pytest.approx(float(w @ y), abs=0.05)


def test_shown_examples():
    y = activations(5, 20_000)
    found = numbers(y, top_k=9, target=0.6)
    shown = found["shown"]["klsc"]
    assert shown["certain"] == 0
    assert len(set(shown["indices"])) == 9
    assert shown["activations"] == y[shown["indices"]].tolist() == sorted(shown["activations"], reverse=True)
    assert found == numbers(y, top_k=9, target=0.6)
    others = [numbers(y, top_k=9, target=0.6, seed=s)["shown"]["klsc"] for s in range(1, 120)]
    assert sum(o["indices"] == shown["indices"] for o in others) == 0
    means = np.array([o["mean"] for o in others])
    assert abs(means.mean() - 0.6) < 4 * means.std() / math.sqrt(means.size)
    top = numbers(y, top_k=9)["shown"]["top_k"]["indices"]
    assert sorted(y[top]) == sorted(np.sort(y)[-9:])


def test_weights_that_cannot_be_shown_without_duplicates_are_reported():
    y = np.array([0.0] * 95 + [1.0, 1.1, 1.2, 1.3, 9.0])
    found = numbers(y, top_k=3)
    assert found["shown"]["klsc"]["certain"] >= 1
    assert 99 in found["shown"]["klsc"]["indices"]
    assert any("cannot be repeated" in note for note in found["notes"])
    assert found["shown"]["klsc"]["expected_mean"] < found["mean"]


@pytest.mark.parametrize(
    ("scores", "settings", "status", "words"),
    [
        (np.full(50, 0.5), {}, "constant", "all 50 activations are 0.5: nothing to explain"),
        (np.zeros(50, bool), {}, "constant", "all 50 activations are 0:"),
        (np.array([2.0]), {"top_k": 1}, "constant", "all 1 activations are 2:"),
        (np.arange(9), {"top_k": 9}, "inactive", "top_k = 9 keeps all activations: no constraint, multiplier 0"),
        (np.arange(9.0), {"top_k": 3, "target": 4.0}, "inactive", "target = 4 is at most the mean, keeps all"),
        (np.arange(40) % 2 == 0, {}, "limit", "9 of the top 9 are an arbitrary choice among 20 that tie at 1"),
        (np.arange(10.0), {"top_k": 4, "target": 9.0}, "limit", "only 1 activations have a KLSC weight > 0"),
        (np.array([0] * 95 + [1] * 5), {}, "active", "4 of the top 9 are an arbitrary choice among 95 that tie at 0"),
    ],
)
def test_corner_cases_have_words(scores, settings, status, words):
    found = numbers(scores, **settings)
    assert found["status"] == status
    assert any(words in note for note in found["notes"]), found["notes"]
    if status == "inactive":
        assert (found["klsc"]["multiplier"], found["klsc"]["kl"], found["hard"]["kl"], found["kl_saved"]) == (
            0,
            0,
            0,
            0,
        )
        assert found["klsc"]["effective_size"] == pytest.approx(scores.size)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.array([0.0, 1e200] * 10), "largest |activation| = 1e+200: must be <= 1e+150"),
        (1 + np.arange(30) * 2.0**-52, "range of the activations = 6.4"),
        (np.arange(30) * 5e-324, "must be 0 or between 1e-150 and 1e+150"),
    ],
)
def test_scales_beyond_double_precision_are_refused(scores, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        analyse("f", scores, ReportSettings())


def test_integers_and_booleans_count_as_numbers():
    y = np.random.default_rng(6).poisson(0.4, 500)
    assert numbers(y) == numbers(y.astype(float)) == numbers(y.astype(np.uint8))
    assert numbers(y > 1, top_k=300) == numbers((y > 1).astype(np.float32), top_k=300)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([]), "number of activations = 0: must be >= 1"),
        (np.array([1.0, np.nan, 2.0, np.inf]), r"activations[1] = nan: must be finite (1 of 4 are NaN, 1 infinite"),
        (np.array(["a"]), "activations' type = '<U1': must be float, integer or boolean"),
        (np.array([1j]), "activations' type = 'complex128'"),
        (np.array([2**60]), "largest |activation| = 1152921504606846976: must be <= 2^53"),
    ],
)
def test_values_that_are_no_activations(values, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        as_scores(values)
    [failed] = analyses([Column("x", lambda: values)], ReportSettings())
    assert failed.status == "failed"
    assert message in failed.notes[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_k": 0}, "top_k = 0: must be >= 1"),
        ({"target": math.nan}, "target = nan: must be a finite number"),
        ({"margin": 0.0}, "margin = 0.0: must be finite and > 0"),
        ({"seed": -1}, "seed = -1: must be >= 0"),
    ],
)
def test_settings_outside_their_range(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ReportSettings(**settings)


def test_one_bad_column_does_not_stop_the_others(run, tmp_path):
    table = np.column_stack([activations(7), np.full(4000, 3.0), activations(8)])
    table[5, 2] = np.nan
    np.save(tmp_path / "a.npy", table)
    content, printed = run(tmp_path / "a.npy", code=1)
    assert [(f["feature"], f["status"]) for f in content["features"]] == [
        ("0", "active"),
        ("1", "constant"),
        ("2", "failed"),
    ]
    assert "1 of 3 features have no report: 2" in printed
    assert "activations[5] = nan" in printed
    assert content["features"][0] == numbers(activations(7)) | {"feature": "0"} | {
        "shown": content["features"][0]["shown"]
    } | {"notes": content["features"][0]["notes"]}


def test_every_format_gives_the_same_features(run, tmp_path):
    table = {"stripes": activations(9, 500), "long neck": activations(10, 500)}
    stacked = np.column_stack(list(table.values()))
    np.savez(tmp_path / "a.npz", **table)
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    rows = "\n".join(",".join(map(repr, row)) for row in stacked.tolist())
    (tmp_path / "a.csv").write_text('"stripes","long neck"\n' + rows + "\n\n")
    (tmp_path / "b.csv").write_text("\ufeff# stripes;long neck\n" + rows.replace(",", ";"), encoding="utf-8")
    (tmp_path / "c.csv").write_text(rows)
    np.save(tmp_path / "a.npy", stacked)
    names = {"a.npz": list(table), "a.parquet": list(table), "a.csv": list(table), "b.csv": list(table)}
    for file, expected in (names | {"c.csv": ["0", "1"], "a.npy": ["0", "1"]}).items():
        found = columns(tmp_path / file)
        assert [c.name for c in found] == expected
        assert all((as_scores(c.read()) == column).all() for c, column in zip(found, table.values(), strict=True)), file
    both = [run(tmp_path / file)[0]["features"] for file in ("a.csv", "a.parquet")]
    assert both[0] == both[1]
    assert [f["feature"] for f in both[0]] == list(table)


def test_names_of_features_without_one(tmp_path):
    y = activations(11, 50)
    np.save(tmp_path / "zebra.npy", y)
    np.savetxt(tmp_path / "lion.csv", y)
    np.savez(tmp_path / "many.npz", a=y, b=np.column_stack([y, y]))
    np.savez(tmp_path / "one.npz", b=np.column_stack([y, y]))
    for file, names in (("zebra.npy", ["zebra"]), ("lion.csv", ["lion"]), ("many.npz", ["a", "b/0", "b/1"])):
        assert [c.name for c in columns(tmp_path / file)] == names
    assert [c.name for c in columns(tmp_path / "one.npz")] == ["0", "1"]
    assert all((c.read() == y).all() for c in columns(tmp_path / "many.npz"))


def test_header_is_asked_for_where_it_could_be_either(tmp_path):
    (tmp_path / "a.csv").write_text("0,1\n3,4\n5,6\n")
    with pytest.raises(ValueError, match=r"first line = '0,1': must be said to be names or values: --header or --no-h"):
        columns(tmp_path / "a.csv")
    assert [c.read().tolist() for c in columns(tmp_path / "a.csv", header=True)] == [[3, 5], [4, 6]]
    assert [c.read().tolist() for c in columns(tmp_path / "a.csv", header=False)] == [[0, 3, 5], [1, 4, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a file with values from its first line on"),
        ("a,b\n", "must be a file with at least one line of values"),
        ("a,b\n1,2\n3\n", "line 3 has 1 columns: must have 2, like the first line"),
        ("1,2\n3,4\n5,6,7\n", "line 3 has 3 columns: must have 2"),
        ("a,b\n1,2\n3,\n", "line 3, column 2: '' must be a number"),
        ("a,b\n1,2\n3,true\n", "line 3, column 2: 'true' must be a number (booleans as 0 and 1)"),
        ("a\n1\n\n3\n", "line 3 is empty: every line must hold 1 numbers"),
        ("a,b\n1,2\n\n3,4\n", "line 3 is empty: every line must hold 2 numbers"),
        ("a,a\n1,2\n", "column names = ['a']: must be different"),
    ],
)
def test_text_that_is_no_table(tmp_path, run, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert message in run(path, code=1)[1]


def test_files_that_cannot_be_read(tmp_path, run):
    np.save(tmp_path / "cube.npy", np.zeros((2, 3, 4)))
    np.save(tmp_path / "none.npy", np.zeros((5, 0)))
    np.save(tmp_path / "objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    for name in ("broken.npy", "broken.npz", "broken.parquet"):
        (tmp_path / name).write_bytes(b"what is this")
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / "x.xlsx").write_text("1")
    for name, message in (
        ("missing.npy", "must be an existing file"),
        ("x.xlsx", "activations = 'x.xlsx': must be a file of the kind .npy, .npz, .csv, .parquet"),
        ("cube.npy", "shape of 'cube' = (2, 3, 4): must be (n,) or (n, features)"),
        ("none.npy", "must be a file with at least one column"),
        ("objects.npy", "not a numpy file of numbers"),
        ("broken.npy", "not a numpy file of numbers"),
        ("broken.npz", "not a numpy file of numbers"),
        ("broken.parquet", "not a parquet file"),
        ("image.csv", "not UTF-8 text"),
    ):
        assert message in run(tmp_path / name, code=1)[1], name


def test_parquet_columns_that_are_no_numbers(tmp_path, run):
    y = activations(12, 60)
    held = [None, *y[1:].tolist()]
    table = pa.table({"ok": y, "gaps": held, "words": ["a"] * 60, "flags": y > 0})
    pq.write_table(table, tmp_path / "a.parquet")
    content, _ = run(tmp_path / "a.parquet", "--top-k", "3", code=1)
    notes = {f["feature"]: (f["status"], " ".join(f["notes"])) for f in content["features"]}
    assert (notes["ok"][0], notes["flags"][0]) == ("active", "limit")
    assert notes["gaps"] == ("failed", "missing activations = 1: must be 0 (nothing is left out silently)")
    assert notes["words"] == ("failed", "activations' type = 'string': must be float, integer or boolean")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"")
    genuine = builtins.__import__

    def without(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"needs pyarrow: pip install 'distributional-view\[parquet\]'"):
        columns(tmp_path / "a.parquet")


def test_what_the_command_refuses(tmp_path, run):
    np.savez(tmp_path / "a.npz", x=activations(13, 100), y=activations(14, 5))
    path = tmp_path / "a.npz"
    for arguments, message in (
        (("--feature", "z"), "feature = 'z': must be one of the file's features: x, y"),
        (("--target", "z=1"), "target of feature = 'z': must be one of the file's features: x, y"),
        (("--target", "high"), "target = 'high': must be a number or NAME=number"),
        (("--target", "1", "--target", "2"), "target = '2': must be given once"),
        (("--target", "nan"), "target = nan: must be a finite number"),
        (("--top-k", "0"), "top_k = 0: must be >= 1"),
        (("--header",), "header = True: must be left out: only a .csv"),
        (("--margin", "-1"), "margin = -1.0: must be finite and > 0"),
    ):
        content, printed = run(path, *arguments, code=1)
        assert message in printed
        assert content is None
    content, printed = run(path, code=1)
    assert "top_k = 9: must be in 1..5, the number of scores" in printed
    assert [f["status"] for f in content["features"]] == ["active", "failed"]
    content, printed = run(path, "--top-k", "3", "--target", "x=99", code=1)
    assert "target = 99.0: must be <= the essential supremum of the score" in printed
    assert content["features"][0]["status"] == "failed"
    assert parse_targets(["2", "a=b=3"]) == (2.0, {"a=b": 3.0})


def test_many_features_are_written_page_by_page(run, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    table = {f"feature {j}": activations(j, 300) for j in range(3)}
    np.savez(tmp_path / "a.npz", **table)
    content, printed = run(tmp_path / "a.npz", "--seed", "2")
    out = tmp_path / "out"
    assert sorted(p.name for p in out.iterdir()) == [
        "report-1.pdf", "report-1.png", "report-2.pdf", "report-2.png", "report.json",
    ]  # fmt: skip
    assert [f["feature"] for f in content["features"]] == list(table)
    assert "[3/3] feature 2: active" in printed
    assert (content["seed"], content["parameters"]["activations"], content["parameters"]["top_k"]) == (2, "a.npz", 9)
    assert "Theorem D.14" in content["statements"]
    picture = Image.open(out / "report-1.png")
    assert json.loads(picture.info["Description"])["parameters"]["top_k"] == 9
    assert np.asarray(picture.convert("L")).std() > 10
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    run(tmp_path / "a.npz", "--seed", "2")
    assert before == {p.name: p.read_bytes() for p in out.iterdir()}
    alone, _ = run(tmp_path / "a.npz", "--seed", "2", "--feature", "feature 2")
    assert alone["features"] == [content["features"][2]]

    def stop(columns, settings, **more):
        for count, feature in enumerate(analyses(columns, settings, **more)):
            if count == 2:
                raise KeyboardInterrupt
            yield feature

    monkeypatch.setattr(module, "analyses", stop)
    CliRunner().invoke(main, ["report", str(tmp_path / "a.npz"), "--out", str(tmp_path / "cut")])
    assert len(json.loads((tmp_path / "cut" / "report.json").read_text())["features"]) == 2
    assert (tmp_path / "cut" / "report-1.png").exists()


def test_the_command_stands_beside_the_figures():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert re.search(r"paper\s+Regenerate", shown)
    assert re.search(r"report\s+Compare top-k", shown)
    assert "--quick" in CliRunner().invoke(main, ["paper", "--help"]).output


def test_the_report_from_python(tmp_path):
    """Arrays, arrays by name and files give the same numbers; files are written where a folder is named."""
    table = {"stripes": activations(9, 500), "neck": activations(10, 500)}
    settings = ReportSettings(top_k=12, target=0.8)
    named = report(table, settings=settings)
    assert [f.as_dict() for f in named] == [analyse(n, y, settings).as_dict() for n, y in table.items()]
    stacked = np.column_stack(list(table.values()))
    np.save(tmp_path / "a.npy", stacked)
    of_array, of_file = report(stacked, settings=settings), report(str(tmp_path / "a.npy"), settings=settings)
    assert [f.as_dict() for f in of_array] == [f.as_dict() for f in of_file]
    assert [f.numbers["hard"] for f in of_array] == [f.numbers["hard"] for f in named]
    [alone] = report(stacked[:, 0].tolist())
    assert (alone.name, alone.numbers["mean"]) == ("activations", pytest.approx(np.sort(stacked[:, 0])[-9:].mean()))
    assert [f.name for f in report(table, settings=settings, features=["neck"])] == ["neck"]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.npy"]
    report(table, tmp_path / "out", settings)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.json", "report.pdf", "report.png"]
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert content["features"] == [json.loads(json.dumps(f.as_dict())) for f in named]
    for wrong, message in (
        (np.zeros((2, 3, 4)), r"shape of 'activations' = \(2, 3, 4\): must be \(n,\) or \(n, features\)"),
        ({}, "activations = 'activations': must be an array with at least one column"),
        (tmp_path / "b.npy", "an existing file"),
    ):
        with pytest.raises(ValueError, match=message):
            report(wrong)
    with pytest.raises(ValueError, match="feature = 'zebra': must be one of the file's features: stripes, neck"):
        report(table, features=["zebra"])


def test_the_example_of_the_report_runs():
    found = doctest.testmod(module)
    assert found.attempted >= 4
    assert found.failed == 0
