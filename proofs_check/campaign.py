"""Attack many checks, one after another: print what is not noticed, and keep a record of each."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from distributional_view.proofs_check import record
from distributional_view.proofs_check.evidence import IN_TESTS, Evidence

Parts = Iterator[tuple[str, str, str]]


def attacked_parts(piece: Evidence) -> Parts:
    """What was made wrong about a check, the state in a word, and why: in `tests` each function that it asks, and
    everywhere each constant of its claim."""
    from distributional_view.proofs_check import attack, constants

    if piece.rung in IN_TESTS:
        for found in attack.attack(piece):
            yield found.target.shown, *attack.verdict(found)
    for tried in constants.constants(piece):
        yield tried.constant, *constants.verdict(tried)


def attack_all(
    pieces: Sequence[Evidence],
    console: Console,
    json_file: Path | None = None,
    keep: Callable[[Evidence, record.Record], None] = lambda piece, made: None,
) -> bool:
    """Attack the checks in their order; a line for each part that is not noticed, and the counts at the end.

    A check that serves several statements with the same reasons and constants is attacked once.

    Args:
        pieces: the checks.
        console: what to print on.
        json_file: gets every part with its state, after each check.
        keep: is given the record of each check as soon as it is there.

    Returns:
        Whether nothing survives without a reason, and no reason is needless.
    """
    from distributional_view.files import write_whole

    counts, rows, good = Counter[str](), [], True
    known: dict[tuple[object, ...], list[tuple[str, str, str]]] = {}
    for number, piece in enumerate(pieces, start=1):
        head = f"{number}/{len(pieces)} {escape(piece.label)}, {piece.rung}: {escape(piece.name)}"
        console.print(head, soft_wrap=True)
        same = (piece.check, piece.rung, piece.constants, tuple(sorted(piece.survives.items())))
        if same not in known:
            known[same] = list(attacked_parts(piece))
        for what, state, why in known[same]:
            if state != "noticed":
                console.print(f"    [red]{state}[/] {escape(what)}: {escape(why)}", soft_wrap=True)
            rows.append({"label": piece.label, "check": piece.name, "asked": what, "state": state})
        counts.update(state for _, state, _ in known[same])
        made = record.recorded(piece, [(what, state) for what, state, _ in known[same]])
        good &= not made.left
        keep(piece, made)
        if json_file:
            write_whole(json_file, json.dumps(rows, indent=1) + "\n")
    console.print(", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "nothing was attacked")
    return good


def attack_and_record(
    pieces: Sequence[Evidence],
    everything: Sequence[Evidence],
    console: Console,
    again: bool = False,
    json_file: Path | None = None,
    path: Path = record.RECORDS,
) -> bool:
    """Attack those checks that have no current record, or all (`again`), and write the record after each.

    Records of checks that are no longer among `everything` are dropped.

    Returns:
        Whether the records of `pieces` are now complete, with nothing left.
    """
    known = {record.key(piece) for piece in everything}

    def keep(**made: record.Record) -> None:
        kept = {name: one for name, one in record.read(path).items() if name in known}
        record.write({**kept, **made}, path)

    chosen = list(pieces) if again else record.due(pieces, record.read(path))
    console.print(f"{len(chosen)} of {len(pieces)} checks are to be attacked")
    keep()
    return attack_all(chosen, console, json_file, lambda piece, made: keep(**{record.key(piece): made}))
