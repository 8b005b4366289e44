"""Small changes of Python source that a good suite of tests should notice: signs, bounds, factors, directions, limits.

One mutant is one change of one node of the syntax tree. Annotations, strings (but for "left" and "right") and
docstrings stay as they are.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div}
LOGIC = {ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
BOUNDS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
NEGATIONS = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
NEGATIONS |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
NAMES = {"min": "max", "minimum": "maximum", "any": "all", "floor": "ceil", "exp": "expm1", "log": "log1p"}
NAMES |= {new: old for old, new in NAMES.items()} | {"sum": "mean", "argmin": "argmax", "argmax": "argmin"}
SIDES = {"left": "right", "right": "left"}
TINY = 1e-4  # a float below this is a tolerance: doubling it would change nothing that can be seen


@dataclass(frozen=True)
class Mutant:
    """`name` is stable while the code around it changes: file, function, what became what, and a number if twice."""

    name: str
    path: Path
    line: int
    source: str


def mutants_of(path: Path, root: Path) -> list[Mutant]:
    """All mutants of a file."""
    text = path.read_text()
    seen: Counter[str] = Counter()
    found = []
    total = sum(1 for _ in _sites(ast.parse(text)))
    for index in range(total):
        tree = ast.parse(text)
        node, where, change = next(site for i, site in enumerate(_sites(tree)) if i == index)
        before = _shown(node)
        change()
        after = _shown(node)
        name = f"{path.relative_to(root)}::{where}::{before} => {after}"
        seen[name] += 1
        name += f" #{seen[name]}" if seen[name] > 1 else ""
        found.append(Mutant(name, path, getattr(node, "lineno", 0), ast.unparse(ast.fix_missing_locations(tree))))
    return found


def _shown(node: ast.AST) -> str:
    return f"if {ast.unparse(node.test)}" if isinstance(node, ast.If) else ast.unparse(node)


def _sites(tree: ast.Module) -> Iterator[tuple[ast.AST, str, object]]:
    """(node, enclosing function, change): calling `change` mutates the tree in place, at or below the node."""
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)} | {"kl", "tv", "tv_step"}
    yield from _walk(tree, "", own)


def _walk(node: ast.AST, where: str, own: set[str]) -> Iterator[tuple[ast.AST, str, object]]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".lstrip(".")
    for change in _changes(node, own):
        yield node, where, change
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases") or (
            field == "value" and isinstance(node, ast.Assign) and isinstance(value, ast.Subscript) and where == ""
        ):
            continue  # types
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # docstring
            if isinstance(child, ast.AST):
                yield from _walk(child, where, own)


def _changes(node: ast.AST, own: set[str]) -> Iterator[object]:
    def put(field: str, value: object) -> object:
        return lambda: setattr(node, field, value)

    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC | LOGIC:
            yield put("op", (ARITHMETIC | LOGIC)[type(op)]())
        case ast.BoolOp(op=op):
            yield put("op", LOGIC[type(op)]())
        case ast.Compare(ops=[*ops]):
            for i, op in enumerate(ops):
                for table in (BOUNDS, NEGATIONS):
                    if type(op) in table:
                        yield put("ops", [*ops[:i], table[type(op)](), *ops[i + 1 :]])
        case ast.UnaryOp(op=ast.USub()):
            yield put("op", ast.UAdd())
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare):
            yield put("test", ast.UnaryOp(ast.Not(), test))
        case ast.Constant(value=bool(value)):
            yield put("value", not value)
        case ast.Constant(value=int(value)):
            yield put("value", value + 1)
        case ast.Constant(value=float(value)):
            yield put("value", 1.0 if value == 0 else value * (1e4 if abs(value) < TINY else 2))
        case ast.Constant(value=str(value)) if value in SIDES:
            yield put("value", SIDES[value])
        case ast.Call(func=ast.Name(id="require")):
            yield put("args", [ast.Constant(True), *node.args[1:]])
        case ast.Call(func=func, args=args):
            name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
            if name in NAMES:
                yield lambda: setattr(func, "id" if isinstance(func, ast.Name) else "attr", NAMES[name])
            if name == "abs" and len(args) == 1:
                yield put("func", ast.Name("float" if isinstance(func, ast.Name) else "+", ast.Load()))
            if name in own and len(args) >= 2 and not any(isinstance(a, ast.Starred) for a in args[:2]):
                yield put("args", [args[1], args[0], *args[2:]])
