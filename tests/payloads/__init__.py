"""What the providers say, in the shapes of their contracts and in words of our own."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return found


def payload(name: str, **changes: Any) -> dict[str, Any]:
    """A copy of <name>.json with top-level keys changed: `payload("printify/order", status="fulfilled")`."""
    return copy.deepcopy(_read(name)) | changes
