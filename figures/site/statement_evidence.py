"""The parts of a statement's page about why one may believe it: assumptions, and the checks with their controls."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from distributional_view.figures.site.prose import first_paragraph, readable
from distributional_view.figures.site.statement_links import sentence
from distributional_view.proofs_check import record, trail
from distributional_view.proofs_check.evidence import FORMAL, RUNGS, Evidence
from distributional_view.proofs_check.statements import Hypothesis, Statement

MEANING = {
    "symbolic": "steps of the proof as identities",
    "certified": "inequalities over whole intervals, or digits, by ball arithmetic",
    "property": "drawn laws and measures through the public functions",
    "sampled": "a process, with standard errors from the run",
    "necessity": "counterexamples: one hypothesis dropped, the others hold, the conclusion fails",
    "sharpness": "no better constant, no case more",
    "formal": "a proof that Coq's kernel has checked, on a finite set of points",
}


class Sources(NamedTuple):
    """What a page is made of.

    Args:
        root: the top of the checkout.
        pieces: all registered evidence.
        explained: path below the site's source -> title, of the pages that mention the statement.
        imprecise: (where, what to add, an example) of each row of the list of imprecisions about it.
        shown: names of the pictures of `figures/shown`, without ending.
    """

    root: Path
    pieces: tuple[Evidence, ...]
    explained: Mapping[str, str]
    imprecise: tuple[tuple[str, str, str], ...]
    shown: tuple[str, ...]


def assumptions(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Assumptions", "")
    if not entry.assumptions:
        yield from ("None: it holds whenever its terms are defined.", "")
    for hypothesis in entry.assumptions:
        yield f"- **{readable(hypothesis.name)}.** {sentence(hypothesis.sentence, entry.label)}  "
        yield f"    {_without(entry, hypothesis, sources)}"
    yield ""


def _without(entry: Statement, hypothesis: Hypothesis, sources: Sources) -> str:
    """What shows that the hypothesis is needed, or why nothing does."""
    dropped = [p for p in sources.pieces if (p.label, p.drops) == (entry.label, hypothesis.name)]
    if dropped:
        return "Without it: " + " ".join(f"{sentence(said(p), entry.label)} (`{p.name}`)" for p in dropped)
    return f"No counterexample: {sentence(hypothesis.without or entry.reason('necessity'), entry.label)}."


def evidence(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Evidence", "")
    found = {check.name: check for check in trail.checks(sources.root, entry.label)}
    known = record.current([p for p in sources.pieces if p.label == entry.label], record.read())
    for rung in RUNGS:
        if not entry.applies(rung):
            continue
        yield from (f"### {rung.capitalize()}", "", f"{MEANING[rung].capitalize()}.", "")
        for piece in (p for p in sources.pieces if (p.label, p.rung) == (entry.label, rung)):
            place = found[piece.name]
            yield f"- `{piece.check.__name__}` in `{place.file}:{place.line}`{_slow(piece)}  "
            yield f"    {sentence(said(piece), entry.label)}  "
            if piece.rung == FORMAL:
                wrong = "; ".join(f"*{readable(name)}*" for name in piece.controls)
                yield f"    Proved false: {wrong}. {strength(piece, known)}".rstrip()
                continue
            rejected = "; ".join(f"*{readable(name)}*" for name in piece.controls)
            yield f"    It rejects: {rejected}. {strength(piece, known)}".rstrip()
        yield ""
    without = [rung for rung in RUNGS if not entry.applies(rung)]
    if without:
        yield from ("### Rungs that do not apply", "")
        yield from (f"- {rung}: {sentence(entry.reason(rung), entry.label)}" for rung in without)
        yield ""
    if len(without) < len(RUNGS):
        argument = f'"{entry.number}"' if " " in entry.number else entry.number
        yield from ("Run it again:", "", "```sh", f"dview check {argument}", "```", "")


def strength(piece: Evidence, known: Mapping[str, record.Record]) -> str:
    """What was made wrong to attack the check and came of it, and the finest errors that a sampled one sees."""
    if piece.rung == FORMAL:
        return ""
    found = known.get(record.key(piece))
    words = []
    if found is None:
        words.append("Not attacked in this version.")
    elif found.attacked:
        explained = f", explained in {found.explained}" if found.explained else ""
        words.append(f"Made wrong in {found.attacked} places, one at a time: noticed in {found.noticed}{explained}.")
    if piece.resolution:
        finest = ", ".join(f"{readable(what)} {100 * error:.2g} %" for what, error in piece.resolution.items())
        words.append(f"Finest error seen: {finest}.")
    return " ".join(words)


def said(piece: Evidence) -> str:
    """What a check says that it does: its docstring's first paragraph, or its name in words."""
    words = first_paragraph(piece.check.__doc__) or piece.check.__name__.replace("_", " ").capitalize()
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _slow(piece: Evidence) -> str:
    return ", slow: only with `--slow`" if piece.slow else ""
