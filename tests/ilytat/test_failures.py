"""The table of failures keeps its word: every one is told of, and every module and test it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERIES = {"A": 16, "B": 20, "C": 13, "D": 22, "E": 14, "F": 12, "G": 18, "H": 32, "J": 7}
AUDITED = {"K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10"}  # of series K
ROW = re.compile(r"^\| ((?:[A-HJK]\d+ ?)+) \|.*$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def rows() -> dict[str, str]:
    """The rows of each failure, by its letter and number: some have several."""
    text = (ROOT / "docs" / "reliability.md").read_text()
    by_name: dict[str, str] = {}
    for row in ROW.finditer(text):
        for name in row[1].split():
            by_name[name] = by_name.get(name, "") + row[0]
    return by_name


def missing(path: str, name: str) -> bool:
    file = ROOT / path
    return not file.is_file() or (bool(name) and f"def {name}(" not in file.read_text())


def test_every_failure_has_its_row() -> None:
    wanted = {f"{letter}{number}" for letter, last in SERIES.items() for number in range(1, last + 1)}

    assert rows().keys() == wanted | AUDITED


def test_every_module_and_test_it_names_is_there() -> None:
    named = {(path, name) for row in rows().values() for path, name in NAMED.findall(row)}

    assert not [f"{path}::{name}" for path, name in sorted(named) if missing(path, name)]


def test_a_row_without_a_proof_says_so() -> None:
    silent = [name for name, row in rows().items() if "tests/" not in row and "not provoked here" not in row]

    assert silent == ["G9"], "name the test, or say that there is none"
