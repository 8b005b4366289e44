"""The site's source: a page a statement with all that belongs to it, links that lead somewhere, sentences that read."""

import re
import shutil
from pathlib import Path

import pytest

from distributional_view.commands import ENTRIES
from distributional_view.errors import UserError
from distributional_view.figures.site import (
    api,
    assemble,
    built,
    commands_page,
    lab,
    notation,
    statement_index,
    written,
)
from distributional_view.figures.site.linked import shown, with_links
from distributional_view.figures.site.prose import first_paragraph, readable
from distributional_view.figures.site.statement_evidence import strength
from distributional_view.figures.site.statement_links import file, sentence, slug
from distributional_view.proofs_check import record, trail
from distributional_view.proofs_check.evidence import Evidence
from distributional_view.proofs_check.latex import FORMULAS, formula
from distributional_view.proofs_check.statements import STATEMENTS, Statement, statement
from distributional_view.proofs_check.statements.groups import GROUPS

ROOT = Path(__file__).resolve().parent.parent
PIECES = assemble.evidence()
EXPLAINED = {"explanation/speed.md": "# Speed\n\nLemma D.11 and *Ours: gap*, ![one](../../figures/shown/fig1.png)\n"}
PAGES = assemble.statements(ROOT, EXPLAINED, PIECES)


def page(label: str) -> str:
    return PAGES[f"statements/{file(statement(label).label)}"]


def test_every_statement_has_a_page_and_a_formula():
    assert set(FORMULAS) == {entry.label for entry in STATEMENTS}
    assert len({slug(entry.label) for entry in STATEMENTS}) == len(STATEMENTS)
    assert [entry for entries in GROUPS.values() for entry in entries] == list(STATEMENTS)
    for entry in STATEMENTS:
        assert f"\\[\n{formula(entry.label)}\n\\]" in page(entry.label)


def test_slugs_are_those_that_pages_link():
    assert slug("Theorem D.14") == "theorem-d-14"
    assert slug("Ours: gap") == "ours-gap"
    assert slug("Section 2.2.1") == "section-2-2-1"


def lacking(entry: Statement, text: str) -> list[str]:
    """What belongs to a statement and is not on its page."""
    wanted = [f"({number})" for number in entry.equations]
    wanted += [sentence(words, entry.label) for h in entry.assumptions for words in (h.sentence, h.without)]
    wanted += [f"`{place.file}:{place.line}`" for place in trail.owners(ROOT, entry.label)]
    for check in trail.checks(ROOT, entry.label):
        wanted += [f"`{check.name.rpartition('.')[2]}` in `{check.file}:{check.line}`"]
    wanted += [f"*{readable(name)}*" for piece in PIECES if piece.label == entry.label for name in piece.controls]
    mine = [piece for piece in PIECES if piece.label == entry.label]
    known = record.current(mine, record.read())
    wanted += [strength(piece, known) for piece in mine]
    wanted += [f"`{piece.name}`" for piece in PIECES if piece.label == entry.label and piece.drops]
    wanted += [place.file for place in trail.figures(ROOT, entry.label)]
    return [part for part in wanted if part not in text]


@pytest.mark.parametrize("entry", STATEMENTS, ids=lambda entry: entry.label)
def test_a_page_has_all_that_belongs_to_its_statement(entry):
    text = page(entry.label)
    assert not lacking(entry, text)
    if entry.has_code:
        assert "## Code\n\n- " in text, "a computable thing has code"
        asked = any(entry.applies(rung) for rung in entry.rungs._fields)
        assert "\n- `" in text.partition("## Evidence" if asked else "## Tests")[2], "and evidence, or tests"
    else:
        assert f"## Code\n\nNone: {sentence(entry.code, entry.label)}.\n" in text


def test_what_is_lacking_is_seen():
    entry = statement("D.7")
    for part in ("(66)", "theory/laws/law.py:", "tilted_hazard", "figures/fig1.py", "no_tilt_beyond_the_domain"):
        assert lacking(entry, page("D.7").replace(part, "")), part


def test_pages_that_explain_a_statement_are_linked():
    assert "- [Speed](../../explanation/speed.md)" in page("D.11")
    assert "- [Speed](../../explanation/speed.md)" in page("gap")
    assert "Explained in" not in page("D.7")


def test_a_row_about_the_papers_imprecision_is_on_the_page():
    text = (ROOT / trail.IMPRECISE).read_text(encoding="utf-8")
    for entry in STATEMENTS:
        for where, _, _ in trail.imprecisions(text, entry):
            assert f"- {where}: " in page(entry.label)
    assert "## Where the paper is imprecise" in page("D.7")


def test_the_navigation_has_every_statement():
    lines = statement_index.navigation()
    assert "\n".join(lines) in (ROOT / "mkdocs.yml").read_text()
    assert len([line for line in lines if "/index.md" in line]) == len(STATEMENTS) + 1
    for part in api.PARTS:
        assert f"- reference/api/{part.page}.md" in (ROOT / "mkdocs.yml").read_text()


def test_the_index_links_every_row_of_the_matrix():
    index = PAGES["statements/index.md"]
    for entry in STATEMENTS:
        assert f"\n| [{entry.label}]({file(entry.label)}) | {entry.name} |" in index
    assert "| (66) | [Lemma D.7](lemma-d-7/index.md)" in PAGES["statements/equations.md"]
    assert "| (216) |" in PAGES["statements/equations.md"]
    assert "missing" not in index


def test_links_between_pages_lead_somewhere():
    names = {*PAGES, "explanation/speed.md", *(f"figures/shown/{p.name}" for p in ROOT.glob("figures/shown/*.png"))}
    found = 0
    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            parts = Path(name).parent.joinpath(target).parts
            path: list[str] = []
            for part in parts:
                path = path[:-1] if part == ".." else [*path, part]
            assert "/".join(path) in names, (name, target)
            found += 1
    assert found > 2 * len(STATEMENTS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tau^2/2 and e^(-x)", "τ<sup>2</sup>/2 and e<sup>-x</sup>"),
        ("E_(q_beta)[psi] >= tau", "E<sub>q<sub>β</sub></sub>&#91;ψ&#93; ≥ τ"),
        ("M_delta(q_t'; t)", "M<sub>δ</sub>(q<sub>t'</sub>; t)"),
        ("exp(-d delta^2/4) < 1", "exp(-d δ<sup>2</sup>/4) &lt; 1"),
        ("TV(q, p) <= sqrt(KL(q || p)/2)", "TV(q, p) ≤ √(KL(q ‖ p)/2)"),
        ("`beta_max` and beta_max", "`beta_max` and β<sub>max</sub>"),
        ("x0_hat, alpha_bar, the infimum", "x̂<sub>0</sub>, ᾱ, the infimum"),
        ("KL(q_t1 || q_t2) = inf", "KL(q<sub>t1</sub> ‖ q<sub>t2</sub>) = ∞"),
        ("a * b | c", "a &#42; b &#124; c"),
        ("A_t = {psi >= t}", "A<sub>t</sub> = &#123;ψ ≥ t&#125;"),
    ],
)
def test_sentences_of_the_code_read(text, shown):
    assert readable(text) == shown


def test_a_check_says_what_was_attacked_and_how_fine_it_is():
    def checked():
        return ""

    def piece(resolution):
        return Evidence("Lemma D.7", "property", checked, {}, resolution=resolution)

    coarse, plain = piece({"mean": 0.015, "variance": 0.02}), piece({})
    known = {record.key(coarse): record.Record(8, 7, 1, (), "")}
    assert strength(coarse, known) == (
        "Made wrong in 8 places, one at a time: noticed in 7, explained in 1."
        " Finest error seen: mean 1.5 %, variance 2 %."
    )
    assert strength(plain, {}) == "Not attacked in this version."
    assert strength(plain, {record.key(plain): record.Record(0, 0, 0, (), "")}) == ""


def test_sentences_link_the_statements_that_they_name():
    assert (
        sentence("by Lemma D.1, not Lemma D.12", "Lemma D.12")
        == "by [Lemma D.1](../lemma-d-1/index.md), not Lemma D.12"
    )
    assert sentence("under Ours: few steps, `Lemma D.1`", "") == (
        "under [Ours: few steps](../ours-few-steps/index.md), `Lemma D.1`"
    )


def test_first_paragraph():
    assert first_paragraph("One\n    line.\n\n    More.") == "One line."
    assert first_paragraph(None) == ""


def test_notation_has_every_row_of_the_table(monkeypatch):
    text = notation.page()
    assert "| β | `multiplier` | Lagrange multiplier, inverse temperature of the tilt | 1/score |" in text
    assert text.count("\n| ") == sum(line.startswith("| ") for line in notation.theory.__doc__.splitlines()) + 1
    monkeypatch.setattr(notation.theory, "__doc__", "no table")
    with pytest.raises(ValueError, match="must hold a table"):
        notation.page()


def test_commands_have_every_option():
    from distributional_view.command import load

    text = commands_page.page()
    for entry in ENTRIES.values():
        part = text.partition(f"### `dview {entry.name}`\n")[2].partition("\n### ")[0]
        assert f"Usage: dview {entry.name} " in part
        for parameter in load(entry).params:
            for option in (o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")):
                assert option in part, (entry.name, option)
    for below in ("make", "serve", "read"):
        assert f"Usage: dview study {below} " in text
    assert "--key-variable NAME" in text


def test_docstrings_link_the_statements_that_they_own():
    said = "h. Paper" + ": Lemma D.7 (12). Ours: all margins.\n"
    assert with_links(said) == (
        "\n\nPages of the statements: [Lemma D.7][lemma-d-7], [Ours: all margins][ours-all-margins]\n"
    )
    assert with_links("nothing owned") == ""


def test_docstrings_read_as_in_the_code():
    assert shown("A.\n\n    Example:\n        >>> f[1][2]\n") == "A.\n\n    Examples:\n        >>> f[1][2]"
    assert shown("E[Y][Z] and `a[1][2]`") == "E[Y]\\[Z] and `a[1][2]`"
    assert shown("A = {psi >= t} and `{a}`") == "A = \\{psi >= t} and `{a}`"


def test_reference_has_every_module_of_its_parts():
    for part in api.PARTS:
        text = api.page(ROOT, part)
        for module in api.modules(ROOT, part):
            assert f"::: {module}\n" in text
    owners = [p for entry in STATEMENTS for p in trail.owners(ROOT, entry.label)]
    assert all(api.link(ROOT, p).startswith("[") for p in owners if "._" not in p.what and not p.what.startswith("_"))


def test_pages_are_moved():
    assert written.moved("explanation/x.md", "![a](../../figures/shown/fig1.png)") == "![a](../figures/shown/fig1.png)"
    assert written.moved("index.md", "![a](../figures/shown/fig1.png)") == "![a](figures/shown/fig1.png)"
    assert (
        written.moved("a/b.md", "[x](../statements/lemma-d-7.md#code)") == "[x](../statements/lemma-d-7/index.md#code)"
    )
    assert written.moved("a/b.md", "[x](../statements/index.md)") == "[x](../statements/index.md)"


def test_pages_need_a_title(tmp_path):
    with pytest.raises(UserError, match="holds no page"):
        written.pages(tmp_path)
    (tmp_path / "x.md").write_text("no title\n")
    with pytest.raises(UserError, match=r"x\.md: must have a title"):
        written.pages(tmp_path)


def html(folder: Path, name: str, body: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"<html><body id=top>{body}</body></html>")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ('<a href="b/c.html#here">x</a><img src="data:image/png;base64,AA">', ""),
        ('<a href="https://example.org">x</a>', ""),
        ('<a href="b/d.html">x</a>', "a.html: b/d.html leads nowhere"),
        ('<a href="b">x</a>', "a.html: b leads nowhere"),
        ('<a href="b/c.html#there">x</a>', "a.html: b/c.html#there has no such place"),
        ('<script src="https://example.org/x.js"></script>', "a.html: loads https://example.org/x.js"),
        ('<link href="//example.org/x.css">', "a.html: loads //example.org/x.css"),
        ('<img src="x.png">', "a.html: x.png leads nowhere"),
    ],
)
def test_a_built_site_is_checked(tmp_path, body, wrong):
    html(tmp_path, "a.html", body)
    html(tmp_path, "b/c.html", '<p id="here"></p><a href="../a.html#top">x</a>')
    assert list(built.mistakes(tmp_path)) == [wrong] * bool(wrong)


def test_formulas_are_found_where_they_stand(tmp_path):
    html(
        tmp_path,
        "a.html",
        '<p>\\(b\\)</p><span class="arithmatex">\\(a &lt; b\\)</span> and <div class="arithmatex">x</div>',
    )
    assert built.formulas(tmp_path) == {"a.html, formula 1": "\\(a < b\\)", "a.html, formula 2": "x"}


@pytest.mark.skipif(
    not (ROOT / "docs/node_modules/katex").exists() or not shutil.which("node"), reason="`make site` installs KaTeX"
)
def test_formulas_render():
    wanted = {entry.label: formula(entry.label) for entry in STATEMENTS} | {"wrong": "\\(\\frac{1}\\)"}
    assert set(built.unrendered(wanted, ROOT / "docs")) == {"wrong"}


def test_the_lab_is_told_where_the_site_is(tmp_path):
    with pytest.raises(UserError, match=r"lab\.html: is missing; `make lab`"):
        lab.placed(tmp_path)
    built_lab = tmp_path / lab.LAB
    built_lab.parent.mkdir(parents=True)
    for meta in (
        '<meta name="site-root" content="">',
        "<meta name=site-root content>",
        "<meta name='site-root' content='' />",
    ):
        built_lab.write_text(f"<head>{meta}</head><p>x")
        assert '<meta name="site-root" content="../"' in lab.placed(tmp_path)
        assert lab.placed(tmp_path).count('target="_top"') == 1
    built_lab.write_text("<head></head>")
    with pytest.raises(UserError, match="must have <meta"):
        lab.placed(tmp_path)


@pytest.mark.slow
def test_what_stands_in_docs_may_not_be_generated(tmp_path):
    for name in (*assemble.ROOMS, "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs/reference").mkdir(parents=True)
    shutil.copytree(ROOT / "docs/explanation", tmp_path / "docs/explanation")
    (tmp_path / "docs/reference/notation.md").write_text("# Notation\n")
    with pytest.raises(UserError, match="a generated page has this name"):
        assemble.assemble(tmp_path, tmp_path / "out")


def test_evidence_is_what_the_pages_show():
    assert PIECES
    assert all(isinstance(piece, Evidence) for piece in PIECES)
