"""The line in a docstring by which code owns a statement.

An *owner* is a function, class or module that computes or samples what a statement is about. Its docstring says so in
one clause or both, each on one line and closed by a full stop or the end of the line:

    Paper: Lemma D.7 (12), (66)-(69).        Paper: Lemmas D.10, D.11, Figure 3, Table 2.
    Ours: reverse KL, all margins.

    clause    = "Paper: " item {", " item} | "Ours: " name {", " name}
    item      = label [" " equations] | equations
    label     = kind " " number | number (after a plural) | "Gaussian example"
    equations = "(n)" | "(n)-(m)"

An equation that follows a label without a comma must be one of its statement's. An equation alone stands for the
paper's statements that have it; Appendix I.2 for Appendix I, where only that has an entry. Sections, figures and tables
say where to read and own nothing.
"""

import re
from typing import NamedTuple

from distributional_view.proofs_check.pointers import NAMES, entry_of_appendix
from distributional_view.proofs_check.statements import STATEMENTS, Statement, with_equation

_KINDS = ("Definition", "Lemma", "Theorem", "Proposition", "Remark", "Assumption", "Algorithm", "Appendix", "Section")
_PLURALS = {f"{kind}s": kind for kind in (*_KINDS, "Figure", "Table")} | {"Appendices": "Appendix"}
_EQUATIONS = r"\(\d{1,3}\)(?:-\(\d{1,3}\))?"
_NUMBER = r"(?:[A-Z](?:\.\d+)*|\d+(?:\.\d+)*(?:-\d+)?)"
_ITEM = rf"(?:Gaussian example|(?:[A-Z][a-z]+ )?{_NUMBER})(?: {_EQUATIONS})?|{_EQUATIONS}"
_CLAUSE = re.compile(rf"\b(?:Paper: (?P<paper>(?:{_ITEM})(?:, (?:{_ITEM}))*)|Ours: (?P<ours>[\w -]+(?:, [\w -]+)*))")
_ONE_ITEM = re.compile(rf"(?P<label>Gaussian example|(?:(?P<kind>[A-Z][a-z]+) )?(?P<number>{_NUMBER}))?(?P<rest>.*)")
_BY_LABEL = {s.label: s for s in STATEMENTS}


class Clause(NamedTuple):
    """What an owner says that it computes: labels of the registry, and the equations it names."""

    labels: tuple[str, ...]
    equations: tuple[str, ...]


def clauses(docstring: str) -> Clause | None:
    """What the clauses of a docstring say together; None if there is no clause.

    Raises:
        ValueError: for a clause that does not follow the grammar, or that points to nothing.
    """
    found: list[str] = []
    named: list[str] = []
    starts = [m.start() for m in re.finditer(r"\b(?:Paper|Ours): ", docstring)]
    for start in starts:
        line = docstring[start:].partition("\n")[0]
        match = _CLAUSE.match(line)
        if match is None or not re.match(r"\.(?:\s|$)|\s*$", line[match.end() :]):
            raise ValueError(f"owner's line = {line!r}: must be 'Paper: ' or 'Ours: ', a list, and a full stop")
        if match["ours"]:
            found += [_ours(name) for name in match["ours"].split(", ")]
        else:
            _read(match["paper"], found, named)
    return Clause(tuple(dict.fromkeys(found)), tuple(dict.fromkeys(named))) if starts else None


def _read(paper: str, found: list[str], named: list[str]) -> None:
    """Add the labels and the equations of a list of items."""
    plural = ""
    for item in paper.split(", "):
        match = _ONE_ITEM.fullmatch(item)
        assert match is not None  # `_CLAUSE` has matched it
        numbers = _range(match["rest"].strip())
        owner = None
        if match["label"]:
            kind = match["kind"] or plural
            plural = _PLURALS.get(kind, plural if not match["kind"] else "")
            owner = _entry(match["label"], _PLURALS.get(kind, kind), match["number"])
            found += [owner.label] if owner else []
        for number in numbers:
            entries = with_equation(number)
            known = [owner] if owner else [e for e in entries if e.kind != "ours"]
            if not entries or (owner and owner not in entries):
                where = owner.label if owner else "the paper"
                raise ValueError(f"owner's line = {paper!r}: ({number}) must be an equation of {where}")
            found += [entry.label for entry in known]
            named.append(number)


def _entry(label: str, kind: str, number: str | None) -> Statement | None:
    """The statement that a label names; None for a place to read (a section, figure, table, or part of an appendix)."""
    whole = label if number is None else f"{kind} {number}"
    if whole in _BY_LABEL:
        return _BY_LABEL[whole]
    above = entry_of_appendix(whole)
    if above is None and kind not in ("Section", "Figure", "Table"):
        raise ValueError(f"owner's line = {whole!r}: must be a statement of the registry")
    return _BY_LABEL.get(above or "")


def _ours(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"owner's line = 'Ours: {name}': must be one of {', '.join(sorted(NAMES))}")
    return f"Ours: {name}"


def _range(text: str) -> list[str]:
    """ "(66)-(69)" -> 66, 67, 68, 69."""
    ends = [int(n) for n in re.findall(r"\d+", text)]
    return [str(n) for n in range(ends[0], ends[-1] + 1)] if ends else []
