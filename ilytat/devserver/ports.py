"""Where the demo listens. As a program (`make run` asks first) it prints what is wrong with that, or nothing."""

import os
import sys

from ilytat.devserver import processes


def chosen() -> tuple[int, int]:
    """The shop's and the sandbox's. Raises RuntimeError, naming the setting, when one is no port or is in use."""
    found = []
    for name, default in (("PORT", "8000"), ("SANDBOX_PORT", "8001")):
        value = os.environ.get(name) or default
        if not value.isdigit() or not 0 < int(value) < 65536:  # noqa: PLR2004 (the highest port)
            raise RuntimeError(f"{name}={value} is not a port: give a number from 1 to 65535.")
        if not processes.is_free(int(value)):
            raise RuntimeError(f"Port {value} is in use: stop what holds it, or choose another: {name}=… make run")
        found.append(int(value))
    if found[0] == found[1]:
        raise RuntimeError("PORT and SANDBOX_PORT must differ.")
    return found[0], found[1]


def main() -> None:
    try:
        chosen()
    except RuntimeError as error:
        sys.stdout.write(str(error).rstrip(".") + "\n")  # make ends the sentence


if __name__ == "__main__":
    main()
