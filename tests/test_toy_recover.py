"""The recovered constants: quality of the kept fits, and that the fit finds constants that it did not know."""

import dataclasses
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.locks import held, lock_beside
from distributional_view.toy.command import recover
from distributional_view.toy.fit import Fit, choose, fit, kl_column_bound
from distributional_view.toy.hypotheses import Hypothesis, deviations, hypotheses
from distributional_view.toy.recover import _record, _resumed, show
from distributional_view.toy.table2 import PRINTED, exact_table
from distributional_view.toy.world import ToyWorld, paper_world, published_table2, recovered


def hypothesis(name: str) -> Hypothesis:
    return next(h for h in hypotheses() if h.name == name)


@pytest.mark.parametrize("name", sorted(recovered()["worlds"]))
def test_kept_fits_are_as_good_as_recorded(name):
    record = recovered()["worlds"][name]
    cells = np.abs(deviations(hypothesis(name), paper_world(name)))
    assert np.median(cells) == pytest.approx(record["median_deviation"], abs=2e-4)
    assert cells.max() == pytest.approx(record["worst_deviation"], abs=2e-4)
    assert np.median(cells) <= 0.12
    assert cells.max() <= 0.5


def test_a_wrong_world_does_not_pass():
    world = dataclasses.replace(paper_world(), radius=1.5)
    cells = np.abs(deviations(hypothesis("cosine"), world))
    assert np.median(cells) > 0.12
    assert cells.max() > 0.5


@pytest.mark.slow
def test_the_fit_finds_known_constants():
    truth = ToyWorld("absolute_angle", 2.2, 1.0, 2.9, 0.11, 0.13, 0.7)
    table = {key: {m: row[m] for m in PRINTED} for key, row in exact_table(truth).items()}
    found = fit(Hypothesis("absolute_angle"), printed=table, starts=((2.6, 0.7),))
    assert found.worst < 2e-3
    for name in ("radius", "score_scale", "margin", "target_step", "bandwidth"):
        assert getattr(found.world, name) == pytest.approx(getattr(truth, name), rel=5e-3), name


def test_a_cut_off_run_resumes(tmp_path):
    """Fits in the file are not fitted again, and come back with the cells of their world."""
    record = {"cosine": recovered()["worlds"]["cosine"]}
    path = tmp_path / "fits.json"
    path.write_text(json.dumps(record))
    (found,) = _resumed(path)
    assert found.hypothesis == Hypothesis("cosine")
    assert found.loss == pytest.approx(record["cosine"]["loss"], abs=1e-4)
    assert _record([found])["cosine"]["world"] == record["cosine"]["world"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"name": "of another program"}', '{"cosine": 1}', '{"cosine": {"world": {}}}', "altered"],
)
def test_a_file_that_is_no_record_of_fits_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / "fits.json"
    if content == "altered":
        record = {"cosine": recovered()["worlds"]["cosine"]}
        record["cosine"]["world"]["radius"] += 0.01
        content = json.dumps(record)
    path.write_text(content)
    with pytest.raises(UserError, match=r"fits\.json"):
        _resumed(path)
    said = CliRunner().invoke(recover, ["--quick", "--json", str(path)])
    assert said.exit_code == 1
    assert "fits.json" in said.output
    assert path.read_text() == content


def test_two_processes_do_not_write_one_file(tmp_path):
    path = tmp_path / "fits.json"
    with held(lock_beside(path), str(path)):
        said = CliRunner().invoke(recover, ["--quick", "--json", str(path)])
    assert "in use by process" in said.output


def test_the_kept_world_follows_from_the_fits():
    """`choose` takes the shape of the best reading, and the lemma's reading of the boundary mass."""
    fits = [
        Fit(hypothesis(n), paper_world(n), {}, deviations(hypothesis(n), paper_world(n))) for n in recovered()["worlds"]
    ]
    assert min(fits, key=lambda f: f.aic).hypothesis.name == "cosine/own_level"
    assert choose(fits).hypothesis.name == recovered()["winner"]


def test_printed_kl_is_not_exact():
    """The bound holds for every world with psi >= 0; here it is also checked on ours, where it must not be broken."""
    bound, printed = kl_column_bound()
    assert bound == pytest.approx(0.0438, abs=1e-4)
    assert printed == published_table2()[5.0, "klsc"]["kl_kde"]
    assert printed > 3 * bound
    exact = exact_table(paper_world(), smooth=False)
    assert exact[5.0, "klsc"]["kl"] < printed / 2


@pytest.mark.parametrize(("field", "word"), [("boundary", "own level"), ("kl", "kde_silverman")])
def test_a_reading_that_does_not_exist_is_refused(field, word):
    """Any other word would silently be read as the default."""
    reading = Hypothesis()
    object.__setattr__(reading, field, word)  # past the type checker of the tests, which is faster with its TypeError
    with pytest.raises(ValueError, match=rf"{field} = '{word}': must be one of \("):
        reading.__post_init__()


def test_the_tables_of_the_command():
    """Both tables and the lines between them, as they are printed."""
    fits = [
        Fit(hypothesis(n), paper_world(n), {}, deviations(hypothesis(n), paper_world(n))) for n in recovered()["worlds"]
    ]
    console = Console(width=140, record=True, file=io.StringIO())
    show(fits, console)
    text = console.export_text()
    assert "Best of all: cosine/own_level. Not separated" in text
    assert text.count("ours/printed under") == 2
    assert len([line for line in text.splitlines() if "│" in line]) == len(fits) + 2 * 6
