"""What a report is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from distributional_view.theory.errors import require, require_finite, require_margin

MARGIN_SHARE = 0.1
"""The margin of the boundary shell unless one is given, in standard deviations of the activation."""


@dataclass(frozen=True)
class ReportSettings:
    """What was asked for.

    Args:
        top_k: size of the top-k set, and how many examples to show; at least 1.
        target: mean activation wanted of every feature that is not in `targets`; None: the mean of its top-k set.
        targets: mean activation wanted, by feature.
        margin: width of the boundary shell in units of the activation; None: `MARGIN_SHARE` standard deviations.
        seed: decides which examples are shown.

    Raises:
        ValueError: for a number outside its range.
    """

    top_k: int = 9
    target: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    margin: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.top_k >= 1, "top_k", self.top_k, ">= 1")
        for name, value in {"target": self.target, **self.targets}.items():
            if value is not None:
                require_finite("target" if name == "target" else f"target of {name!r}", value)
        if self.margin is not None:
            require_margin(self.margin)
        require(self.seed >= 0, "seed", self.seed, ">= 0")
