"""What serves several jobs, in a folder that they share: below it one folder for each thing and what it is made of."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from distributional_view.jobs import Job, opened


def kept(
    keep: Path, name: str, identity: Mapping[str, Any], contents: Mapping[str, Path], writes: Sequence[str]
) -> AbstractContextManager[Job]:
    """The job of a thing below `keep`, in a folder with its name and a digest of its identity.

    Args:
        keep: the folder that may be shared.
        name: of the kind of thing.
        identity: everything that decides it, as JSON can hold it, but for the contents of files.
        contents: files that it is made from; the same identity with others is refused.
        writes: see `distributional_view.jobs.opened`.

    Raises:
        OtherRequest: if files that it was made from have changed.
        UserError: if another process is making it, or it cannot be written.
    """
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
    return opened(keep / f"{name}-{digest}", identity, contents, writes)
