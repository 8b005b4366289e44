"""The API reference: one page a part of the code, and where a name stands in it."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from distributional_view.figures.site.prose import first_paragraph
from distributional_view.proofs_check.trail import Place

PACKAGE = "distributional_view"


class Part(NamedTuple):
    """A page of the reference.

    Args:
        page: its file below `reference/api/`, without ending.
        title: its heading.
        folder: of the checkout, relative to its top; without its subfolders.
    """

    page: str
    title: str
    folder: str


PARTS = (
    Part("theory-laws", "Laws of the score", "theory/laws"),
    Part("theory-solutions", "Solutions", "theory/solutions"),
    Part("theory-measures", "Finite measures, tasks, families", "theory/measures"),
    Part("theory-pools", "Pools", "theory/pools"),
    Part("theory-samplers", "Samplers", "theory/samplers"),
    Part("theory-methods", "Methods", "theory/methods"),
    Part("theory-base", "Errors, seeds, progress", "theory"),
    Part("toy", "The toy world", "toy"),
    Part("figures", "Tables and figures", "figures"),
    Part("report", "The report", "figures/report"),
    Part("study", "A study with raters", "figures/study"),
    Part("adapter", "Any torch model as a world", "backends/adapter"),
    Part("potential", "A learned H_t", "backends/potential"),
    Part("measures", "Measures of pictures", "backends/measures"),
    Part("paradigms", "Activation maximisation and prompts", "backends/paradigms"),
    Part("priors", "Priors from your disk", "backends/priors"),
    Part("transcoders", "Transcoders", "backends/transcoders"),
    Part("usae", "One dictionary for several backbones", "backends/usae"),
    Part("zoo", "Loaders of published weights", "backends/zoo"),
    Part("embedded", "The embedded backend", "backends/embedded"),
    Part("explain", "Explaining a feature", "backends/explain"),
    Part("scan", "The scan of all features", "backends/scan"),
    Part("store", "Stores of scores", "backends/store"),
)
TOP = "package"
"""The page of the names that one imports from the package and from `theory`."""


def modules(root: Path, part: Part) -> list[str]:
    """Full names of a part's modules: its folder's first, unless it is the top of a room with parts of its own."""
    found = [path.stem for path in sorted((root / part.folder).glob("[!_]*.py"))]
    base = f"{PACKAGE}.{part.folder.replace('/', '.')}"
    return [*([] if part.folder == "theory" else [base]), *(f"{base}.{name}" for name in found)]


def page(root: Path, part: Part) -> str:
    """A page of the reference, as directions for mkdocstrings."""
    first, *rest = modules(root, part)
    lines = [f"# {part.title}", "", f"`{PACKAGE}.{part.folder.replace('/', '.')}`", ""]
    lines += [f"::: {first}", ""]
    if part.folder != "theory":
        lines += [
            "    options:",
            "      members: []",
            "      show_root_heading: false",
            "      show_root_toc_entry: false",
        ]
    for name in rest:
        lines += ["", f"::: {name}"]
    return "\n".join(lines) + "\n"


def top_page() -> str:
    """The names of the package and of `theory`, each with its first sentence and a link."""
    lines = ["# Public names", ""]
    for home in (PACKAGE, f"{PACKAGE}.theory"):
        module = import_module(home)
        lines += [
            f"## `{home}`",
            "",
            f"{first_paragraph(module.__doc__)}",
            "",
            "| name | what it is |",
            "| --- | --- |",
        ]
        lines += [f"| {link} | {words} |" for link, words in _names(home, list(module.__all__))]
        lines += [""]
    return "\n".join(lines)


def _names(home: str, names: list[str]) -> Iterator[tuple[str, str]]:
    module = import_module(home)
    for name in names:
        found = getattr(module, name)
        place = getattr(found, "__module__", None)
        documented = isinstance(place, str) and place.startswith(f"{PACKAGE}.") and hasattr(found, "__qualname__")
        words = first_paragraph(found.__doc__).partition(". ")[0].rstrip(".") if documented else ""
        yield f"[`{name}`][{place}.{name}]" if documented else f"`{name}`", words.replace("|", "\\|")


def identifier(place: Place) -> str:
    """The full name of what owns a statement: "distributional_view.theory.laws.law.ScoreLaw.hazard"."""
    module = place.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{PACKAGE}.{module}" + ("" if place.what == "module" else f".{place.what}")


def link(root: Path, place: Place) -> str:
    """An owner as Markdown: a link to its entry of the reference, or its name where that has none."""
    full = identifier(place)
    shown = full.removeprefix(f"{PACKAGE}.")
    public = not any(part.startswith("_") for part in shown.split("."))
    module = full.removesuffix("" if place.what == "module" else f".{place.what}")
    documented = public and any(module in modules(root, part) for part in PARTS)
    return f"[`{shown}`][{full}]" if documented else f"`{shown}`"
