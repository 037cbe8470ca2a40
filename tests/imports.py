"""Which modules a source imports, as the rules on imports need it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Import(NamedTuple):
    """One name that is imported.

    Attributes:
        line: Where.
        module: The module that is named, as ``ganzoo.config``.
        name: What is taken from it; empty for the module itself.
        lazy: Whether it stands inside a function.
    """

    line: int
    module: str
    name: str
    lazy: bool


def imports(source: str) -> Iterator[Import]:
    """Find every import of a source, but for those under ``if TYPE_CHECKING``."""
    return _walk(ast.parse(source), lazy=False)


def _walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(node.lineno, alias.name, "", lazy) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from (Import(node.lineno, module, alias.name, lazy) for alias in node.names)
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = [node.test, *node.orelse]
    for child in children:
        yield from _walk(child, lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def sources(folder: Path, package: str) -> dict[str, Path]:
    """Return the modules of a package in a folder, by dotted name."""
    found = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found
