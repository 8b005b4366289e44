"""How prose points to statements: labels and equation numbers, in code, tests and Markdown.

"Lemma D.7", "Lemmas D.10, D.11", "Lemmas D.6 to D.9", "Definitions 2.4 and 2.5", "Appendix H.2", "(66)" or "(66)-(69)",
and ours by their full name. The line by which code owns a statement is stricter: `proofs_check.clauses`.
"""

import re
from collections.abc import Iterator

from distributional_view.proofs_check.statements import STATEMENTS, with_equation

_STATEMENT = r"(?:[A-Z]\.\d+|\d+\.\d+)"
_APPENDIX = r"[A-Z](?:\.\d+)*\b"
_JOINED = re.compile(r",? and |, | to |-|–")
_PROSE = re.compile(
    r"\b(?:"
    rf"(?P<kind>Definition|Lemma|Theorem|Proposition|Remark|Assumption|Corollary) (?P<one>{_STATEMENT})"
    r"|(?P<kinds>Definition|Lemma|Theorem|Proposition|Remark|Assumption)s "
    rf"(?P<many>{_STATEMENT}(?:(?:,? and |, | to |-|–){_STATEMENT})*)"
    rf"|Appendix (?P<appendix>{_APPENDIX})"
    rf"|Appendices (?P<appendices>{_APPENDIX}(?:(?:,? and |, | to |-|–){_APPENDIX})*)"
    r"|Algorithm (?P<algorithm>\d+)|(?P<example>Gaussian example)|(?P<section>Section 2\.2\.1)\b)"
)
_EQUATION = re.compile(r"(?<![\w.)\]}\\])\((\d{1,3})\)(?:[-–]\((\d{1,3})\))?")
_OURS = re.compile(r"\bOurs: (?=[A-Za-z])")
NAMES = sorted((s.number for s in STATEMENTS if s.kind == "ours"), key=len, reverse=True)

APPENDICES = "ABCDEFGHIJKL"
_BY_LABEL = {s.label: s for s in STATEMENTS}


def labels(text: str) -> Iterator[tuple[int, str]]:
    """(position, label) of all statements, and of appendices, that prose points to; ours are in it by full name."""
    for match in _PROSE.finditer(text):
        for label in _spelled(match):
            yield match.start(), label
    for match in _OURS.finditer(text):
        rest = text[match.end() :]
        name = next((n for n in NAMES if re.match(rf"{re.escape(n)}\b", rest)), None)
        yield match.start(), f"Ours: {name or rest.partition(chr(10))[0][:30]}"


def equations(text: str) -> Iterator[tuple[int, str]]:
    """(position, number) of all equations that a text points to, the ends of a range among them."""
    for match in _EQUATION.finditer(text):
        for number in filter(None, match.groups()):
            yield match.start(), number


def unknown(text: str) -> set[str]:
    """Labels and equation numbers in a text that point nowhere."""
    found = {label for _, label in labels(text) if label not in _BY_LABEL and entry_of_appendix(label) is None}
    return found | {f"({number})" for _, number in equations(text) if not with_equation(number)}


def entry_of_appendix(label: str) -> str | None:
    """The entry that an appendix or a part of one belongs to, "" for an appendix without entry, None if it is none."""
    match = re.fullmatch(r"Appendix ([A-Z])(?:\.\d+)*", label)
    if not match or match[1] not in APPENDICES:
        return None
    while label:
        if label in _BY_LABEL:
            return label
        label = label.rpartition(".")[0]
    return ""


def _spelled(match: re.Match[str]) -> list[str]:
    """The labels of one match of `_PROSE`, lists and ranges written out."""
    if match["example"] or match["section"]:
        return [match[0]]
    if match["algorithm"]:
        return [f"Algorithm {match['algorithm']}"]
    kind = match["kind"] or match["kinds"] or "Appendix"
    several = match["many"] or match["appendices"]
    if several is None:
        return [f"{kind} {match['one'] or match['appendix']}"]
    numbers, links = _JOINED.split(several), _JOINED.findall(several)
    out = [numbers[0]]
    for link, number in zip(links, numbers[1:], strict=True):
        first, last = out[-1], number
        if link in (" to ", "-", "–") and kind != "Appendix" and first.split(".")[0] == last.split(".")[0]:
            stem, low = first.split(".")
            out += [f"{stem}.{k}" for k in range(int(low) + 1, int(last.split(".")[1]))]
        out.append(number)
    return [f"{kind} {n}" for n in out]
