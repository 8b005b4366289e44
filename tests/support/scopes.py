"""Which tests run in one process."""


def scope_of(nodeid: str) -> str:
    """A module stays in one process, which keeps its fixtures and what JAX compiled for it; the evidence, one test
    module for all of it, is shared out by the modules that hold it."""
    module, _, test = nodeid.partition("::")
    if not test.startswith("test_evidence["):
        return module
    return test.removesuffix("]").rpartition("-")[2].rpartition(".")[0]
