# SPDX-License-Identifier: Apache-2.0
"""Every leaf of a branch tree has its test, and every test of a tree's file has its leaf.

A leaf's test is named after the branches that lead to it: `test_given_an_empty_cart__it_reverts`.
"""

import ast
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
TREES = sorted(CONTRACTS.rglob("*.tree"))


def lines_of(tree: Path) -> list[str]:
    """A tree's lines without its comments, which begin with //."""
    return [line for line in tree.read_text().splitlines() if not line.startswith("//")]


def leaves(tree: list[str]) -> list[str]:
    """Names of the tests that a tree asks for, in its order: a leaf is a line with nothing below it."""
    lines = []
    for line in tree[1:]:
        text = line.lstrip("│├└─ ")
        lines.append(((len(line) - len(text)) // 4, text.strip().replace(" ", "_")))
    branches: list[str] = []
    names = []
    for (depth, text), (next_depth, _) in zip(lines, [*lines[1:], (0, "")], strict=True):
        branches[depth - 1 :] = [text]
        if next_depth <= depth:
            names.append("test_" + "__".join(branches))
    return names


def written(source: str) -> list[str]:
    """Names of the test functions in a file, in its order."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_there_are_trees() -> None:
    assert len(TREES) >= 10


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: f"{tree.parent.name}.{tree.stem}")
def test_each_leaf_has_its_test_and_each_test_its_leaf(tree: Path) -> None:
    file = tree.with_name(f"test_{tree.stem}.py")
    assert written(file.read_text()) == leaves(lines_of(tree))


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: f"{tree.parent.name}.{tree.stem}")
def test_a_tree_is_headed_by_its_function(tree: Path) -> None:
    assert lines_of(tree)[0] == tree.stem
