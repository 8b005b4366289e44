"""Where the project's folders lie: side by side in a checkout; a wheel has the rooms but neither tests nor docs."""

from pathlib import Path
from typing import Final

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
"""What holds the rooms: the top of a checkout, or the installed package."""
ROOMS = ("theory", "toy", "backends", "figures")
"""Where owners are looked for."""
NEEDS_CHECKOUT: Final = "needs a checkout"


def own_tests(root: Path = ROOT) -> Path | None:
    """The project's own folder of tests; None in a wheel. A folder of that name without evidence is another's."""
    folder = root / "tests"
    return folder if any(folder.glob("evidence_*.py")) else None
