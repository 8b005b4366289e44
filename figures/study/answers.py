"""What raters said: one JSON object a line, kept as it came. What is no answer is rejected with a reason."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.errors import UserError
from distributional_view.figures.study.study import Study
from distributional_view.files import shown

PERSON, MODEL = "person", "AI"
KINDS = (PERSON, MODEL)
LONGEST = 300
"""Of a description, characters."""
LONGEST_NAME = 60
LOWEST, HIGHEST = 1, 4


class Answer(NamedTuple):
    """One rater on one item."""

    rater: str
    kind: str
    item: str
    concept: str
    score: int


class Rejected(NamedTuple):
    """A line that does not count, and why."""

    file: str
    line: int
    reason: str


class Unusable(ValueError):
    """Says why something is no answer."""


class Read(NamedTuple):
    """All answers that count; the lines that do not; how many answers a later line of the same rater replaced."""

    answers: Sequence[Answer]
    rejected: Sequence[Rejected]
    revised: int


def answer_of(row: Any, study: Study) -> Answer:
    """The answer that a line of a file or a message of the page holds.

    Raises:
        Unusable: if it is none.
    """
    if not isinstance(row, dict):
        raise Unusable("no JSON object")
    for name in ("study", "rater", "kind", "item"):
        if not isinstance(row.get(name), str):
            raise Unusable(f"{name} is missing" if name not in row else f"{name} = {row[name]!r}: must be text")
    if row["study"] != study.name:
        raise Unusable(f"study = {row['study']!r}: must be {study.name!r}")
    if row["item"] not in study.items:
        raise Unusable(f"item = {row['item']!r}: the study has no such item")
    if row["kind"] not in KINDS:
        raise Unusable(f"kind = {row['kind']!r}: must be one of {', '.join(KINDS)}")
    rater = named(row["rater"])
    if row["kind"] == MODEL:
        concept, score = parse_reply(row.get("reply"))
    else:
        concept, score = _concept(row.get("concept")), _score(row.get("score"))
    return Answer(rater, row["kind"], row["item"], concept, score)


def named(rater: str) -> str:
    """A rater's name without spaces around it.

    Raises:
        Unusable: if it is none.
    """
    name = " ".join(rater.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Unusable(f"rater = {rater[: LONGEST_NAME + 1]!r}: must be a name of 1 to {LONGEST_NAME} characters")
    return name


def parse_reply(text: Any) -> tuple[str, int]:
    """Description and score of a model's reply: two lines, `concept: …` and `score: …`; bold marks are ignored.

    Raises:
        Unusable: for anything else, also for a word more.

    Example:
        >>> parse_reply("**Concept:** stripes\\nscore: 3")
        ('stripes', 3)
    """
    if not isinstance(text, str):
        raise Unusable("the reply is no text")
    lines = [line.replace("*", "").replace("`", "").strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    parts = [line.partition(":") for line in lines]
    if [name.strip().lower() for name, _, _ in parts] != ["concept", "score"]:
        begun = text.strip().replace("\n", " / ")[:60]
        raise Unusable(f"reply = {begun!r}: must be the two lines `concept: …` and `score: …`")
    score = parts[1][2].strip()
    return _concept(parts[0][2]), _score(int(score) if score.isascii() and score.isdigit() else score)


def read_answers(files: Iterable[Path], study: Study) -> Read:
    """The answers in some files. A later line of a file replaces an earlier one of the same rater to the same item; an
    answer to it in another file is rejected.

    Raises:
        UserError: for a file that cannot be read.
    """
    found: dict[tuple[str, str], tuple[Answer, str, int]] = {}
    rejected: list[Rejected] = []
    revised = 0
    for path in files:
        for line, row in _rows(path):
            try:
                answer = answer_of(json.loads(row), study)
                before = found.get((answer.rater, answer.item))
                if before is not None and before[1] != shown(path):
                    raise Unusable(f"{answer.rater} has answered item {answer.item} in {before[1]}, line {before[2]}")
            except json.JSONDecodeError as error:
                rejected.append(Rejected(shown(path), line, f"no JSON: {error.msg} at character {error.pos + 1}"))
            except UnicodeDecodeError:
                rejected.append(Rejected(shown(path), line, "no text in UTF-8"))
            except (Unusable, RecursionError) as error:
                rejected.append(Rejected(shown(path), line, str(error)))
            else:
                revised += before is not None
                found[answer.rater, answer.item] = answer, shown(path), line
    kinds: dict[str, str] = {}
    for answer, file, line in found.values():
        if kinds.setdefault(answer.rater, answer.kind) != answer.kind:
            raise UserError(f"{file}: line {line}: {answer.rater} is a person and an AI: give one another name")
    return Read([answer for answer, _, _ in found.values()], rejected, revised)


def _rows(path: Path) -> Iterable[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _concept(value: Any) -> str:
    concept = " ".join(value.split()) if isinstance(value, str) else value
    if not isinstance(concept, str) or not 1 <= len(concept) <= LONGEST:
        raise Unusable(f"concept = {_cut(value)}: must be a description of 1 to {LONGEST} characters")
    return concept


def _score(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not LOWEST <= value <= HIGHEST:
        raise Unusable(f"score = {_cut(value)}: must be a whole number from {LOWEST} to {HIGHEST}")
    return value


def _cut(value: Any) -> str:
    return text if len(text := repr(value)) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"
