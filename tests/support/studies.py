"""Small studies with known pictures and answers."""

import base64
import json

import numpy as np
from PIL import Image

from distributional_view.figures.study.build import build
from distributional_view.figures.study.sources import collected
from distributional_view.jobs import Lines

METHODS = ("alpha", "beta", "gamma")
CONCEPTS = ("zebra stripes", "a cow's belly", "round eyes", "dark corners")


def write_pictures(folder, methods=METHODS, features=4, pictures=5, sides=(20, 31)):
    """METHOD/FEATURE/k.png; the colour says all three: (method, feature, picture)."""
    for i, method in enumerate(methods):
        for j in range(features):
            for k in range(pictures):
                path = folder / method / f"f{j}" / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", sides, (60 * i + 20, 60 * j + 20, 40 * k + 20)).save(path)
    return folder


def write_compared(folder, methods=METHODS, features=2, levels=(0.8, 0.95), few=()):
    """The job of `dview paradigms`: grey values say (method, feature, level, picture); `few` have two pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for j in range(features):
        lines = Lines(folder / f"cells-{j}.jsonl", "a job")
        lines.add(
            {"feature": j, "name": CONCEPTS[j], "level": None, "method": "retrieved", "seed": 0, "shown": _kept(4)}
        )
        for k, level in enumerate(levels):
            for i, method in enumerate(methods):
                for seed in range(2):
                    grey = _kept(2 if (method, level) in few else 4, 10 + 64 * i + 32 * j + 16 * k)
                    told = {"feature": j, "name": CONCEPTS[j], "level": level, "method": method, "seed": seed}
                    lines.add(told | {"shown": grey if seed == 0 else None})
    return folder


def _kept(n, first=0):
    grey = np.broadcast_to(np.arange(first, first + n, dtype=np.uint8)[:, None, None], (n, 6, 6))
    return {"grey": base64.b64encode(grey.tobytes()).decode(), "scores": list(range(n))}


def make_study(folder, **options):
    """A study of twelve items with pictures of 24 pixels."""
    return build(collected([write_pictures(folder / "pictures")]), folder / "study", side=24, gap=2, **options)


def key_of(study):
    return json.loads((study.folder / "key.json").read_text())["items"]


def answer_all(study, score_of, raters=("ann", "bob"), kind="person", concept_of=None, seed=0):
    """Every rater answers every item: score_of(method, feature, rater number, rng)."""
    rng = np.random.default_rng(seed)
    for r, rater in enumerate(raters):
        rows = []
        for item, cell in key_of(study).items():
            score = int(score_of(cell["method"], cell["feature"], r, rng))
            concept = CONCEPTS[int(cell["feature"][1:])] if concept_of is None else concept_of(cell, r, rng)
            row = {"study": study.name, "rater": rater, "kind": kind, "item": item}
            more = {"reply": f"concept: {concept}\nscore: {score}"} if kind == "AI" else {"concept": concept}
            rows.append({**row, **more, **({} if kind == "AI" else {"score": score})})
        path = study.answers(rater)
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
