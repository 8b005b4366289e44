"""The page of one statement: claim, assumptions, code, evidence with its controls, figures, and pages that explain it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from distributional_view.figures.registry import NAMES
from distributional_view.figures.site import api
from distributional_view.figures.site.prose import first_paragraph, readable
from distributional_view.figures.site.written import PICTURES
from distributional_view.proofs_check import trail
from distributional_view.proofs_check.evidence import RUNGS, Evidence
from distributional_view.proofs_check.latex import formula
from distributional_view.proofs_check.statements import STATEMENTS, Hypothesis, Statement, with_equation

MEANING = {
    "symbolic": "steps of the proof as identities",
    "certified": "inequalities over whole intervals, or digits, by ball arithmetic",
    "property": "drawn laws and measures through the public functions",
    "sampled": "a process, with standard errors from the run",
    "necessity": "counterexamples: one hypothesis dropped, the others hold, the conclusion fails",
    "sharpness": "no better constant, no case more",
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


def slug(label: str) -> str:
    """The label as the name of its page: lower case, all but letters and digits a hyphen: "theorem-d-14"."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())


def file(label: str) -> str:
    """The label's page below `statements/`, in a folder of its own: a server shows it as `statements/theorem-d-14/`."""
    return f"{slug(label)}/index.md"


def page(entry: Statement, sources: Sources) -> str:
    """The page as Markdown."""
    parts = (
        _head(entry),
        _assumptions(entry, sources),
        _explained(sources),
        _code(entry, sources),
        _evidence(entry, sources),
        _tests(entry, sources),
        _figures(entry, sources),
        _imprecise(sources),
        _related(entry),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(entry: Statement) -> Iterator[str]:
    numbers = ", ".join(f"({n})" for n in entry.equations)
    of = "of this project; the paper does not have it" if entry.kind == "ours" else "of the paper"
    yield from ("---", f"title: {_quoted(f'{entry.label}: {entry.name}')}", "search:", "  boost: 2", "---", "")
    yield from (f"# {entry.label}: {readable(entry.name)} {{#{slug(entry.label)}}}", "")
    yield f"{'Statement' if entry.kind == 'ours' else entry.kind.capitalize()} {of}." + (
        f" Equations {'it sharpens' if entry.kind == 'ours' else 'of the paper'}: {numbers}." if numbers else ""
    )
    yield from ("", "\\[", formula(entry.label), "\\]", "", readable(entry.claim), "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _assumptions(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Assumptions", "")
    if not entry.assumptions:
        yield from ("None: it holds whenever its terms are defined.", "")
    for hypothesis in entry.assumptions:
        yield f"- **{readable(hypothesis.name)}.** {readable(hypothesis.sentence)}  "
        yield f"    {_without(entry, hypothesis, sources)}"
    yield ""


def _without(entry: Statement, hypothesis: Hypothesis, sources: Sources) -> str:
    """What shows that the hypothesis is needed, or why nothing does."""
    dropped = [p for p in sources.pieces if (p.label, p.drops) == (entry.label, hypothesis.name)]
    if dropped:
        return "Without it: " + " ".join(f"{readable(said(p))} (`{p.name}`)" for p in dropped)
    return f"No counterexample: {readable(hypothesis.without or entry.reason('necessity'))}."


def _explained(sources: Sources) -> Iterator[str]:
    if sources.explained:
        yield from ("## Explained in", "")
        yield from (f"- [{title}](../../{path})" for path, title in sources.explained.items())
        yield ""


def _code(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Code", "")
    if not entry.has_code:
        yield from (f"None: {readable(entry.code)}.", "")
    for place in trail.owners(sources.root, entry.label):
        yield f"- {api.link(sources.root, place)}, `{place.file}:{place.line}`"
    yield ""


def _evidence(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Evidence", "")
    found = {check.name: check for check in trail.checks(sources.root, entry.label)}
    for rung in RUNGS:
        if not entry.applies(rung):
            continue
        yield from (f"### {rung.capitalize()}", "", f"{MEANING[rung].capitalize()}.", "")
        for piece in (p for p in sources.pieces if (p.label, p.rung) == (entry.label, rung)):
            place = found[piece.name]
            yield f"- `{piece.check.__name__}` in `{place.file}:{place.line}`{_slow(piece)}  "
            yield f"    {readable(said(piece))}  "
            yield f"    It rejects: {'; '.join(f'*{readable(name)}*' for name in piece.controls)}."
        yield ""
    without = [rung for rung in RUNGS if not entry.applies(rung)]
    if without:
        yield from ("### Rungs that do not apply", "")
        yield from (f"- {rung}: {readable(entry.reason(rung))}" for rung in without)
        yield ""
    if len(without) < len(RUNGS):
        argument = f'"{entry.number}"' if " " in entry.number else entry.number
        yield from ("Run it again:", "", "```sh", f"dview check {argument}", "```", "")


def said(piece: Evidence) -> str:
    """What a check says that it does: its docstring's first paragraph, or its name in words."""
    words = first_paragraph(piece.check.__doc__) or piece.check.__name__.replace("_", " ").capitalize()
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _slow(piece: Evidence) -> str:
    return ", slow: only with `--slow`" if piece.slow else ""


def _tests(entry: Statement, sources: Sources) -> Iterator[str]:
    lines: dict[str, list[int]] = {}
    for place in trail.mentions(sources.root / "tests", entry.label):
        lines.setdefault(place.file, []).append(place.line)
    if lines:
        yield from ("## Tests", "")
        yield from (f"- `{file}`, {_counted(numbers)}" for file, numbers in lines.items())
        yield ""


def _counted(lines: list[int]) -> str:
    return f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}"


def _figures(entry: Statement, sources: Sources) -> Iterator[str]:
    found = list(trail.figures(sources.root, entry.label))
    if found:
        yield from ("## Figures", "")
    for place in found:
        name = place.what.partition(".")[0]
        shows = f": {NAMES[name].shows}" if name in NAMES else ""
        yield f"- `dview {name}`{shows} (`{place.file}`)"
    yield ""
    for name in dict.fromkeys(place.what.partition(".")[0] for place in found):
        if name in sources.shown:
            yield from (f"![{name}](../../{PICTURES}{name}.png)", "")


def _imprecise(sources: Sources) -> Iterator[str]:
    if sources.imprecise:
        yield from ("## Where the paper is imprecise", "")
        for where, add, example in sources.imprecise:
            yield f"- {where}: {add}; {example}"
        yield ""


def _related(entry: Statement) -> Iterator[str]:
    """Statements that share an equation: what ours sharpen, and what sharpens the paper's."""
    found = dict.fromkeys(s.label for n in entry.equations for s in with_equation(n) if s.label != entry.label)
    if found:
        yield from ("## Share its equations", "")
        yield from links(found)
        yield ""


def links(wanted: Iterable[str]) -> Iterator[str]:
    """A list of links between pages of statements."""
    names = {s.label: s.name for s in STATEMENTS}
    yield from (f"- [{label}](../{file(label)}): {readable(names[label])}" for label in wanted)
