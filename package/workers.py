"""Worker processes that end with the process that started them, however that ends.

A killed parent cannot tell its workers to stop: without this they would go on writing into a job that another call may
have taken up again.
"""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Thread


def workers(jobs: int | None = None, begin: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """A pool of new processes, which inherit nothing.

    Args:
        jobs: how many; None for as many as there are cores.
        begin: called first in each of them; can be pickled.
    """
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(begin,))


def _begin(begin: Callable[[], None] | None) -> None:
    Thread(target=_end_with_the_parent, daemon=True).start()
    if begin is not None:
        begin()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
