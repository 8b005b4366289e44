"""What a call costs: processor seconds, and memory beyond what the process held before it."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Cost(NamedTuple):
    """What a call gave, its processor seconds, and its peak of memory above the start (MiB); None: not known here."""

    result: Any
    seconds: float
    peak_mib: float | None


def cost(call: Callable[[], Any]) -> Cost:
    """Call, and measure.

    Memory is that of the process, on Linux; what the call leaves free before it starts is given back first, so that
    only new memory counts.

    Args:
        call: without arguments.
    """
    before = _started()
    at = time.process_time()
    result = call()
    seconds = time.process_time() - at
    return Cost(result, seconds, None if before is None else max(0.0, (_kib("VmHWM") - before) / 1024))


def _started() -> int | None:
    """Resident memory now (KiB), after the peak was set back to it; None where the system has no such thing."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text("5")  # sets the peak back: proc(5)
        return _kib("VmRSS")
    except (OSError, AttributeError, TypeError):
        return None


def _kib(name: str) -> int:
    (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1])
