"""Where the features of a store point: the decoder of the dictionary of its scan, which the store knows by hash."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from distributional_view.backends.store.nearest import Directions
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.fingerprints import Hashes
from distributional_view.jobs import differences

NEURONS = "neurons have no decoder: they are the channels themselves"
BARE = "a bare linear encoder has no decoder"
LACKING = {"neurons": NEURONS, "linear": BARE}
"""Why a kind of dictionary has no directions."""
NEEDED = "their directions are in the dictionary of the scan (--transcoder)"
OLDER = "the transcoder that comes with the project is another one than that of the scan"


def directions_of(store: Any, transcoder: Path | None = None) -> Directions:
    """The directions of a store's features, or the words why there are none.

    Args:
        store: a `backends.store.read.Store`.
        transcoder: the dictionary of the scan, a folder as `dview scan` takes it; None: the one that comes with the
            project if that made the store, else none.

    Raises:
        UserError: for a dictionary that is not that of the scan, or that has no decoder.
    """
    made = store.identity.made_of.get("dictionary")
    made = dict(made) if isinstance(made, Mapping) else {}
    if transcoder is None:
        return _own(made)
    from distributional_view.backends.scan.dictionaries import dictionary_at

    if made.get("kind") == "neurons":
        raise UserError(f"transcoder: must be left out: {shown(store.path)} is of neurons, and {NEURONS}")
    found, features = dictionary_at(transcoder, "cpu", Hashes()), store.identity.features
    if found.features != features:
        raise UserError(
            f"transcoder = {shown(transcoder)!r}: must be that of the scan: it has {found.features} features, "
            f"{shown(store.path)} has {features}"
        )
    differing = differences(made, dict(found.made_of))
    if differing:
        raise UserError(
            f"transcoder = {shown(transcoder)!r}: must be that of the scan: {shown(store.path)} was made with another, "
            f"which differs in {', '.join(sorted(differing))}"
        )
    if found.decoder is None:
        raise UserError(f"transcoder = {shown(transcoder)!r}: must be left out: {BARE}")
    return Directions(found.decoder.numpy())


def _own(made: Mapping[str, Any]) -> Directions:
    """What is known without a file of the user."""
    kind = made.get("kind")
    if kind != "embedded" or find_spec("torch") is None:
        return Directions(None, LACKING.get(str(kind), NEEDED))
    from distributional_view.backends.scan.dictionaries import embedded_dictionary

    found = embedded_dictionary("cpu", Hashes())
    if found.decoder is None or differences(dict(made), dict(found.made_of)):
        return Directions(None, OLDER)
    return Directions(found.decoder.numpy())
