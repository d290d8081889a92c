"""Death at a named place: `python -m tests.chaos.failpoint MODULE WORDS…` runs MODULE as `python -m` would, but the
process dies, or freezes, with its whole group when a function of the shop is called for the nth time.

The shop knows nothing of this: the function is wrapped when its module has been imported. A sign is left before the
deed, so that a story can tell that it happened. Only the standard library is imported here, and nothing of the shop.
"""

import functools
import importlib.util
import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

VARIABLE = "FAILPOINT"


@dataclass(frozen=True)
class Failpoint:
    """`target` is "module:function" or "module:Class.method". `where` narrows it to calls whose first argument is
    this word, or is called so, or is of a class called so.
    """

    target: str
    when: Literal["before", "after"]
    where: str = ""
    nth: int = 1
    deed: Literal["kill", "stop"] = "kill"

    def environment(self, sign: Path) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self) | {"sign": str(sign)})}


def wrapped(command: Sequence[str]) -> list[str]:
    """[python, "-m", MODULE, …] with the death in it."""
    python, _m, *rest = command
    return [python, "-m", "tests.chaos.failpoint", *rest]


class Armed:
    """Waits for the target's module to be imported, in this process or one forked from it."""

    def __init__(self, point: Failpoint, sign: Path) -> None:
        self.point, self.sign = point, sign
        self.module, _, self.path = point.target.partition(":")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 (the protocol's)
        if name != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec, f"there is no module {name}"
        assert spec.loader
        execute = spec.loader.exec_module

        def execute_and_wrap(module: ModuleType) -> None:
            execute(module)
            self.wrap(module)

        spec.loader.exec_module = execute_and_wrap  # type: ignore[method-assign]  # this one loader's only
        return spec

    def wrap(self, module: ModuleType) -> None:
        *owners, name = self.path.split(".")
        owner = functools.reduce(getattr, owners, module)
        setattr(owner, name, self.deadly(getattr(owner, name)))

    def deadly(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            mine = self.meant(args)
            if mine and self.point.when == "before":
                self.strike()
            answer = function(*args, **kwargs)
            if mine and self.point.when == "after":
                self.strike()
            return answer

        return call

    def meant(self, args: tuple[Any, ...]) -> bool:
        if not self.point.where:
            return True
        first = args[0] if args else None
        called = first if isinstance(first, str) else getattr(first, "name", type(first).__name__)
        return self.point.where in {called, type(first).__name__}

    def strike(self) -> None:
        """Once in the story, whichever process of the group comes first, and only at the nth call."""
        calls = self.sign.with_suffix(".calls")
        with calls.open("ab") as counter:
            counter.write(b".")
        if calls.stat().st_size < self.point.nth:
            return
        try:
            self.sign.touch(exist_ok=False)
        except FileExistsError:
            if self.point.deed == "kill":
                time.sleep(1)  # a rival dies this very moment, and takes us with it
            return
        os.killpg(0, signal.SIGKILL if self.point.deed == "kill" else signal.SIGSTOP)


def main() -> None:
    given = json.loads(os.environ[VARIABLE])
    sign = Path(given.pop("sign"))
    sys.meta_path.insert(0, Armed(Failpoint(**given), sign))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
