"""Where the evidence stands: statements against rungs, as data, markdown and JSON. Pure functions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from distributional_view.proofs_check.evidence import FORMAL, IN_TESTS, RUNGS, Evidence, Outcome
from distributional_view.proofs_check.places import NEEDS_CHECKOUT
from distributional_view.proofs_check.record import Record, key
from distributional_view.proofs_check.statements import STATEMENTS, Statement

State = Literal["passed", "failed", "missing", "not run", "not applicable", "needs a checkout", "not installed"]
START, END = "<!-- evidence: start -->", "<!-- evidence: end -->"


@dataclass(frozen=True)
class Cell:
    """One statement on one rung.

    Args:
        statement: from the registry.
        rung: one of `RUNGS`.
        pieces: all evidence registered for it.
        outcomes: of those pieces that were run.
        checkout: whether the evidence in `tests` is there to be found.
        records: of the attack on its pieces as they are now, as many as there are; None leaves the attack out.
    """

    statement: Statement
    rung: str
    pieces: tuple[Evidence, ...]
    outcomes: tuple[Outcome, ...]
    checkout: bool = True
    records: tuple[Record, ...] | None = None

    @property
    def state(self) -> State:
        """`missing` if the rung applies and nothing is registered; `not run` if only slow pieces are.

        A wheel has no `tests`: on their rungs it can say neither `missing` nor `passed`. It has no Coq files either.
        `not installed` if a program that the check asks is not there: nothing was shown.
        """
        if not self.statement.applies(self.rung):
            return "not applicable"
        if self.rung == FORMAL and not self.checkout:
            return NEEDS_CHECKOUT
        if not self.pieces:
            return "missing" if self.checkout or self.rung not in IN_TESTS else NEEDS_CHECKOUT
        if any(not o.passed and not o.absent for o in self.outcomes):
            return "failed"
        if any(o.absent for o in self.outcomes):
            return "not installed"
        return "passed" if self.outcomes else "not run"

    @property
    def seconds(self) -> float:
        """Time taken by the pieces that were run."""
        return sum(o.seconds for o in self.outcomes)

    @property
    def strength(self) -> str:
        """What the attack found, and the coarsest resolution: " (7/7)", " (5+1/6, 1.5 %)", with a space before.

        Noticed, what passes for a reason, attacked: empty where nothing can be, "?" without a current record of each.
        On the formal rung what is made wrong are the controls, each with a proof that it is false.
        """
        if self.rung == FORMAL:
            wrong = sum(len(piece.controls) for piece in self.pieces)
            return f" ({wrong}/{wrong})" if wrong else ""
        parts = [] if self.records is None else [self._attack(self.records)]
        if found := [error for piece in self.pieces for error in piece.resolution.values()]:
            parts.append(f"{100 * max(found):.2g} %")
        shown = ", ".join(part for part in parts if part)
        return f" ({shown})" if shown else ""

    def _attack(self, records: tuple[Record, ...]) -> str:
        if len(records) < len(self.pieces):
            return "?"
        noticed, explained, total = (sum(getattr(r, n) for r in records) for n in ("noticed", "explained", "attacked"))
        return f"{noticed}{f'+{explained}' if explained else ''}/{total}" if total else ""


def mistakes(pieces: Iterable[Evidence]) -> list[str]:
    """Evidence for a label that the registry does not know, or on a rung that it says does not apply."""
    known = {s.label: s for s in STATEMENTS}
    found = []
    for piece in pieces:
        entry = known.get(piece.label)
        if entry is None:
            found.append(f"{piece.name}: no statement {piece.label!r} in the registry")
        elif not entry.applies(piece.rung):
            found.append(f"{piece.name}: {piece.rung} does not apply to {piece.label}: {entry.reason(piece.rung)}")
    return found


def cells(
    pieces: Collection[Evidence],
    outcomes: Collection[Outcome],
    statements: Sequence[Statement] = STATEMENTS,
    rungs: Collection[str] = RUNGS,
    checkout: bool = True,
    records: Mapping[str, Record] | None = None,
) -> list[Cell]:
    """All cells of the matrix, statement by statement, rungs in their order; with the current records of the attack."""
    return [
        _cell(statement, rung, pieces, outcomes, checkout, records)
        for statement in statements
        for rung in RUNGS
        if rung in rungs
    ]


def _cell(
    statement: Statement,
    rung: str,
    pieces: Iterable[Evidence],
    outcomes: Iterable[Outcome],
    checkout: bool,
    records: Mapping[str, Record] | None,
) -> Cell:
    mine = tuple(p for p in pieces if (p.label, p.rung) == (statement.label, rung))
    run = tuple(o for o in outcomes if (o.evidence.label, o.evidence.rung) == (statement.label, rung))
    attacked = None if records is None else tuple(records[key(p)] for p in mine if key(p) in records)
    return Cell(statement, rung, mine, run, checkout, attacked)


def rows(matrix: Sequence[Cell]) -> list[list[Cell]]:
    """The cells, one list a statement."""
    by_label: dict[str, list[Cell]] = {}
    for cell in matrix:
        by_label.setdefault(cell.statement.label, []).append(cell)
    return list(by_label.values())


def complete(matrix: Iterable[Cell]) -> bool:
    """Whether nothing failed and nothing is missing; what could not be run for want of a program is neither."""
    return all(cell.state not in ("failed", "missing") for cell in matrix)


def markdown(matrix: Sequence[Cell]) -> str:
    """A table without times: checks with their `strength`, `failed`, `missing`, or a dash: does not apply."""

    def show(cell: Cell) -> str:
        if cell.state in ("failed", "missing"):
            return f"**{cell.state}**"
        if cell.state == "not applicable":
            return "–"
        return NEEDS_CHECKOUT if cell.state == NEEDS_CHECKOUT else f"{len(cell.pieces)}{cell.strength}"

    body = rows(matrix)
    rungs = [cell.rung for cell in body[0]] if body else []
    lines = ["| " + " | ".join(["statement", "", *rungs]) + " |", "| --- | --- |" + " :-: |" * len(rungs)]
    for row in body:
        lines.append("| " + " | ".join([row[0].statement.label, row[0].statement.name, *map(show, row)]) + " |")
    return "\n".join(lines)


def inserted(text: str, table: str) -> str:
    """The text with what stands between its two marker comments replaced; only the table if there are none."""
    if START not in text or END not in text:
        return table + "\n"
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{table}\n{END}{rest.partition(END)[2]}"


def as_json(matrix: Iterable[Cell]) -> list[dict[str, Any]]:
    """Everything, one record a cell."""
    return [
        {
            "label": cell.statement.label,
            "rung": cell.rung,
            "state": cell.state,
            "reason": cell.statement.reason(cell.rung) if cell.state == "not applicable" else None,
            "registered": [piece.name for piece in cell.pieces],
            "attack": None if cell.records is None else [asdict(record) for record in cell.records],
            "resolution": {piece.name: dict(piece.resolution) for piece in cell.pieces if piece.resolution},
            "outcomes": [
                {
                    "name": o.evidence.name,
                    "passed": o.passed,
                    "shown": o.shown,
                    "seconds": round(o.seconds, 3),
                    "rejected_controls": dict(o.rejections),
                }
                for o in cell.outcomes
            ],
        }
        for cell in matrix
    ]
