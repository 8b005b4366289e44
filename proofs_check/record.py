"""The record of the attack: for each check how much was made wrong, how much of it was noticed, and for which version.

The attack takes hours, so that its outcome is kept in a file beside this one. A record counts only while the check is
the one that was attacked (see `fingerprint`).
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from distributional_view.proofs_check.evidence import FORMAL, Evidence
from distributional_view.proofs_check.fingerprint import fingerprint
from distributional_view.proofs_check.places import HERE

RECORDS = HERE / "attacked.json"


@dataclass(frozen=True)
class Record:
    """What came of attacking one check.

    Args:
        attacked: functions or constants that were made wrong, one at a time.
        noticed: those of which the check rejects a wrong version.
        explained: those that pass for a reason given beside the check (`survives`).
        left: what is neither: names of survivors without a reason, or with one that is not needed.
        fingerprint: of the check that was attacked.
    """

    attacked: int
    noticed: int
    explained: int
    left: tuple[str, ...]
    fingerprint: str


def key(piece: Evidence) -> str:
    """Such as "Lemma D.7, symbolic, symbolic.bias.hazard_of_tilt"."""
    return f"{piece.label}, {piece.rung}, {piece.name}"


def recorded(piece: Evidence, states: Iterable[tuple[str, str]]) -> Record:
    """The record of a check, from what was attacked and the state of each: noticed, explained or another."""
    found = list(states)
    count = [sum(state == word for _, state in found) for word in ("noticed", "explained")]
    left = tuple(f"{what} ({state})" for what, state in found if state not in ("noticed", "explained"))
    return Record(len(found), count[0], count[1], left, fingerprint(piece))


def read(path: Path = RECORDS) -> dict[str, Record]:
    """All records by `key`; none if there is no file.

    Raises:
        ValueError: for a file that holds something else; names it.
    """
    if not path.exists():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: Record(**{**row, "left": tuple(row["left"])}) for name, row in rows.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: must map checks to their records, as `make attack` writes them ({error})") from error


def write(records: Mapping[str, Record], path: Path = RECORDS) -> None:
    """Write the records, a line each, in the order of their keys."""
    from distributional_view.files import write_whole

    lines = [f"{json.dumps(name)}: {json.dumps(asdict(records[name]))}" for name in sorted(records)]
    write_whole(path, "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n")


def attackable(pieces: Iterable[Evidence]) -> list[Evidence]:
    """The checks that can be attacked: not those that ask Coq, which has proofs that their wrong versions are false."""
    return [piece for piece in pieces if piece.rung != FORMAL]


def current(pieces: Iterable[Evidence], records: Mapping[str, Record]) -> dict[str, Record]:
    """The records of these checks as they are now; those of other versions are left out."""
    mine = {key(piece): piece for piece in attackable(pieces)}
    return {name: records[name] for name in mine if _fits(mine[name], records.get(name))}


def due(pieces: Iterable[Evidence], records: Mapping[str, Record]) -> list[Evidence]:
    """The checks to attack: those without a current record, and those whose record has something left."""
    all_pieces = attackable(pieces)
    done = {name for name, record in current(all_pieces, records).items() if not record.left}
    return [piece for piece in all_pieces if key(piece) not in done]


def complaints(pieces: Collection[Evidence], records: Mapping[str, Record]) -> list[str]:
    """What keeps the records from being complete: a line for each check, and for each record without one."""
    found, now = [], current(pieces, records)
    for piece in attackable(pieces):
        name = key(piece)
        if name not in now:
            found.append(f"{name}: {'changed since its attack' if name in records else 'never attacked'}")
        elif now[name].left:
            found.append(f"{name}: not noticed: {', '.join(now[name].left)}")
    known = {key(piece) for piece in pieces}
    return found + [f"{name}: no such check" for name in records if name not in known]


def _fits(piece: Evidence, record: Record | None) -> bool:
    return record is not None and record.fingerprint == fingerprint(piece)
