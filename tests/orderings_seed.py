"""The seed of this run's fresh random orderings: one for all its processes, named at the start and in a failure.

`ORDERINGS_SEED=<seed>` plays a run again, with the same CHAOS and on the same code.
"""

import os
import secrets

import hypothesis
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

NAME = "ORDERINGS_SEED"


def pytest_configure() -> None:
    """Before pytest-xdist starts its workers, which take over the environment."""
    if not os.environ.get(NAME):
        os.environ[NAME] = str(secrets.randbelow(2**32))


def pytest_report_header() -> str:
    return f"{NAME}={seed()}"


def seed() -> int:
    return int(os.environ[NAME])


def play(machine: type[RuleBasedStateMachine], settings: hypothesis.settings, *, fresh: int | None = None) -> None:
    """Play the fixed examples of the machine, or those of the seed `fresh`, which a failure names."""
    if fresh is None:
        run_state_machine_as_test(machine, settings=hypothesis.settings(settings, derandomize=True))
        return
    seeded = hypothesis.seed(fresh)(type(machine.__name__, (machine,), {}))  # the machine itself keeps its examples
    try:
        run_state_machine_as_test(seeded, settings=hypothesis.settings(settings, derandomize=False))
    except BaseException as error:
        error.add_note(f"To play it again: {NAME}={fresh}")
        raise
