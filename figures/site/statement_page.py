"""The page of one statement: claim, assumptions, code, evidence with its controls, figures, explanations."""

from collections.abc import Iterator

from distributional_view.figures.registry import NAMES
from distributional_view.figures.site import api
from distributional_view.figures.site.prose import readable
from distributional_view.figures.site.statement_evidence import Sources, assumptions, evidence
from distributional_view.figures.site.statement_links import links, sentence, slug
from distributional_view.figures.site.written import PICTURES
from distributional_view.proofs_check import trail
from distributional_view.proofs_check.latex import formula
from distributional_view.proofs_check.statements import Statement, with_equation


def page(entry: Statement, sources: Sources) -> str:
    """The page as Markdown."""
    parts = (
        _head(entry),
        assumptions(entry, sources),
        _explained(sources),
        _code(entry, sources),
        evidence(entry, sources),
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
    yield from ("", "\\[", formula(entry.label), "\\]", "", sentence(entry.claim, entry.label), "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _explained(sources: Sources) -> Iterator[str]:
    if sources.explained:
        yield from ("## Explained in", "")
        yield from (f"- [{title}](../../{path})" for path, title in sources.explained.items())
        yield ""


def _code(entry: Statement, sources: Sources) -> Iterator[str]:
    yield from ("## Code", "")
    if not entry.has_code:
        yield from (f"None: {sentence(entry.code, entry.label)}.", "")
    for place in trail.owners(sources.root, entry.label):
        yield f"- {api.link(sources.root, place)}, `{place.file}:{place.line}`"
    yield ""


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
