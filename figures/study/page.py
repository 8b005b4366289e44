"""The page that a rater uses: one HTML file, served with the grids beside it, or with the grids in it."""

import base64
import json
from pathlib import Path
from typing import Any

from distributional_view.figures.study.study import GRIDS, Study
from distributional_view.figures.study.words import QUESTION, SCORES

TEMPLATE = Path(__file__).with_name("rate.html")
PLACE = "{{study}}"


def served_page(study: Study) -> str:
    """The page that asks a server for the grids and gives it the answers."""
    return _page(study, {item: f"{GRIDS}/{item}.png" for item in study.items}, served=True)


def file_page(study: Study) -> str:
    """The page that needs no server: the grids are in it, and it saves the answers as a file."""
    return _page(study, {item: data_address(study.grid(item)) for item in study.items}, served=False)


def data_address(path: Path) -> str:
    """A PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _page(study: Study, grids: dict[str, str], served: bool) -> str:
    told: dict[str, Any] = {
        "study": study.name,
        "served": served,
        "question": QUESTION,
        "scores": {str(score): words for score, words in SCORES.items()},
        "items": [{"item": item, "grid": address} for item, address in grids.items()],
    }
    text = json.dumps(told, separators=(",", ":")).replace("</", "<\\/")
    return TEMPLATE.read_text(encoding="utf-8").replace(PLACE, text)
