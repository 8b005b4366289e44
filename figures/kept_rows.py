"""What the artefacts of rows with kept pictures share."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance


@dataclass(frozen=True)
class KeptRows(Artefact):
    """All rows, the budget that is their parameters, the seed, and how the kept pictures are read."""

    title: ClassVar[str]
    statements: ClassVar[tuple[str, ...]]
    rows: Sequence[dict[str, Any]]
    budget: Any
    seed: int
    shown: Callable[[dict[str, Any]], Any] = field(repr=False)

    @property
    def provenance(self) -> Provenance:
        """The parameters are the budget."""
        return Provenance(self.title, self.statements, asdict(self.budget), self.seed)

    @property
    def plain_rows(self) -> list[dict[str, Any]]:
        """Rows without their pictures."""
        return [{k: v for k, v in row.items() if k != "shown"} for row in self.rows]
