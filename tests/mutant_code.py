"""A mutant in a process that has imported the project: the changed functions get the code of the mutant.

A module's source is compiled as its own loader compiles it (jaxtyping's decorators included). Functions keep their
identity, so that properties, wrappers, dataclasses and `jax.jit` objects that hold them run the new code. What runs
while a module or a test file is imported (constants, defaults, class bodies) has run already: such a mutant is
`OutOfReach` here and needs a process of its own. So do the tests of a file whose import has called the function.
"""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

Key = tuple[str, str, int]  # file, qualified name, first line
OPTIMISED = 0x1  # CO_OPTIMIZED: the code of a function, not of a module or a class


class OutOfReach(Exception):
    """The mutant changes what an import runs."""


def key_of(code: CodeType) -> Key:
    return code.co_filename, code.co_qualname, code.co_firstlineno


class Watch:
    """Remembers, while it is on, which functions of files under `folder` ran, and which module's import ran them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ran, self.importing = str(folder), defaultdict(set), [""]

    def on(self) -> None:
        sys.setprofile(self._event)

    def off(self) -> None:
        sys.setprofile(None)

    def _event(self, frame, event, _) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(self.folder):
            return
        if code.co_name == "<module>":
            if event == "call":
                self.importing.append(code.co_filename)
            elif len(self.importing) > 1:
                self.importing.pop()
        elif event == "call":
            self.ran[key_of(code)].add(self.importing[-1])


def functions_by_key(files: set[str]) -> dict[Key, list[FunctionType]]:
    """Every function object there is whose code comes from one of `files`."""
    found = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in files:
            found[key_of(thing.__code__)].append(thing)
    return found


@dataclass(frozen=True)
class Change:
    """New code for functions, and the modules ("" for none) whose import has run the old."""

    functions: list[tuple[FunctionType, CodeType]]
    stale: frozenset[str]

    def make(self) -> None:
        for function, code in self.functions:
            function.__code__ = code


def change(
    module: ModuleType,
    original: str,
    mutated: str,
    functions: Mapping[Key, list[FunctionType]],
    ran: Mapping[Key, set[str]],
) -> Change:
    """What makes the functions of `module` run the code of `mutated`.

    Both texts are written by `ast.unparse`, so that their lines agree: tests compare lines with the file.
    """
    compiled = module.__spec__.loader.source_to_code
    found, stale = [], set()
    for live, new in _different(*(compiled(text.encode(), module.__file__) for text in (original, mutated))):
        holders = [f for f in functions.get(key_of(live), []) if f.__code__ == live]  # two lambdas may share a line
        if not holders or len(live.co_freevars) != len(new.co_freevars):
            raise OutOfReach(live.co_qualname)
        found += [(holder, new) for holder in holders]
        for code in _all_codes(live):
            stale |= ran.get(key_of(code), set())
    if not found:
        raise OutOfReach("nothing differs")
    return Change(found, frozenset(stale))


def _different(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """(old, new) of each outermost function in which both differ."""
    if old == new and _tables(old) == _tables(new):
        return
    if old.co_flags & OPTIMISED:
        yield old, new
        return
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    names = [[c.co_qualname for c in codes] for codes in inner]
    if _own(old) != _own(new) or names[0] != names[1]:
        raise OutOfReach(old.co_qualname)
    for pair in zip(*inner, strict=True):
        yield from _different(*pair)


def _own(code: CodeType) -> tuple:
    """What a module or a class runs itself, without the functions defined in it."""
    constants = tuple(repr(c) for c in code.co_consts if not isinstance(c, CodeType))
    return code.co_code, code.co_names, code.co_varnames, constants


def _tables(code: CodeType) -> tuple:
    """`==` of code objects compares constants with `1 == 1.0` told apart, but not all else: the bytes are compared."""
    return code.co_code, code.co_names


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_codes(constant)
