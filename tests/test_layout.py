"""The package keeps its shape: a module imports only from those before it, and `claims` never imports the recipe."""

import ast

import pytest

from tests.conftest import ROOT

ORDER = [
    "errors",
    *("language", "decoding", "unwrap", "formats", "document"),
    "sentences",
    *("clauses", "quotations", "cues"),
    *("speech", "sources", "frames", "speakers"),
    *("nli", "tagger", "statements"),
    "pairs",
    "calibration",
    "findings",
    "evaluate",
    "detect",
    *("results", "learning", "queue"),
    "render",
    *("folder", "batch", "cluster", "across"),
    "export",
    "review",
    "cli",
]


def imported(module: str) -> set[str]:
    """Modules of the package that a module imports, wherever in the file."""
    path = ROOT / "claims" / module
    files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    assert not any(name.split(".")[0] == "models" for name in names)
    return {name.split(".")[1] for name in names if name.startswith("claims.")} & set(ORDER)


def test_every_module_has_its_place() -> None:
    found = {path.stem for path in (ROOT / "claims").glob("*.py")} | {"render", "review"}

    assert found - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_those_before_it(module: str) -> None:
    assert imported(module) <= {*ORDER[: ORDER.index(module)], module}
