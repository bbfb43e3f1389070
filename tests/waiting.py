"""How all suites wait for what another process does: they look again until it is so, for it may take a moment on a busy machine."""
import time

# Only a test that fails waits for so long.
PATIENCE_S = 60


def until(what, holds):
    """Waits for something that is to happen soon; gives what it was. What cannot be told yet has to be something false: a condition
    that something is absent must not hold where nobody answered."""
    deadline = time.monotonic() + PATIENCE_S
    while not (held := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"within {PATIENCE_S} s it did not happen that {what}")
        time.sleep(0.05)
    return held
