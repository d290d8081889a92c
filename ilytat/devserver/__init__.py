"""`make run`: the whole shop on one machine against the sandbox. Nothing of this runs in production."""
