"""The text of an exception that a library raised goes to the log, never into a row or a page."""

import ast
from collections.abc import Iterator

from tests.ilytat.test_house import texts

PACKAGES = ("ilytat/", "catalog/", "orders/", "payments/", "notifications/")
# What runs at a developer's desk or before the start has no staff to read it.
NOT_THE_SHOP = ("sandbox/", "ilytat/devserver/", "ilytat/settings_checks.py")
LOGGING = {"log", "failure_texts"}
ADVICE = "use failure_texts: a sentence for people, the text for the log"


def _own_classes() -> set[str]:
    """Exceptions that are raised with a sentence of ours: every class of the project."""
    trees = (ast.parse(text) for name, text in texts(".py") if name.startswith(PACKAGES))
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _names(kinds: ast.expr) -> Iterator[str]:
    """The classes that an `except` names."""
    match kinds:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _names(part)
        case ast.BinOp(left=left, right=right):
            yield from _names(left)
            yield from _names(right)


def _shown(node: ast.AST, error: str) -> Iterator[int]:
    """The lines below the node that make a text of the variable, except in calls of the log."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner))) if owner in LOGGING:
            return
        case (
            ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=name)])
            | ast.FormattedValue(value=ast.Name(id=name))
        ) if name == error:
            yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _shown(child, error)


def shown_errors(name: str, text: str, own: set[str]) -> list[str]:
    handlers = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler))
    return [
        f"{name}:{line}"
        for handler in handlers
        if handler.name and handler.type and not set(_names(handler.type)) <= own
        for line in _shown(handler, handler.name)
    ]


def test_no_text_of_a_foreign_exception_is_shown_or_stored() -> None:
    own = _own_classes()
    ours = [(name, text) for name, text in texts(".py") if name.startswith(PACKAGES)]
    found = [line for name, text in ours if not name.startswith(NOT_THE_SHOP) for line in shown_errors(name, text, own)]

    assert not found, f"{ADVICE}: {found}"


def test_the_check_sees_each_way_to_show_an_error_and_nothing_else() -> None:
    start = "try:\n    work()\nexcept {}:\n    {}\n"
    shown = [
        ("Exception as error", 'row.error = f"Failed: {error}"'),
        ("(KeyError, Ours) as error", "return str(error)[:200]"),
        ("requests.Timeout | Ours as error", "row.note = repr(error)"),
        ("ValueError as why", "messages.error(request, str(why))"),
    ]
    not_shown = [
        ("Ours as error", 'row.error = f"Failed: {error}"'),
        ("Exception as error", 'log.warning("failed", extra={"error": str(error)})'),
        ("Exception as error", 'row.error = failure_texts.logged(error, "failed")'),
        ("Exception as error", 'row.error = f"{other}"'),
    ]

    assert all(shown_errors("x.py", start.format(*way), {"Ours"}) for way in shown)
    assert not any(shown_errors("x.py", start.format(*way), {"Ours"}) for way in not_shown)
