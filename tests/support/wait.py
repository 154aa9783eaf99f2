"""Waiting for something to become true, with a deadline."""
import time


def until(condition, timeout=10.0, what="", interval=0.02):
    """Calls condition() until it gives something true, and returns that; AssertionError after `timeout` seconds.

    An OSError of the condition counts as "not yet".
    """
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except OSError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition} (last: {last!r})")
        time.sleep(interval)
