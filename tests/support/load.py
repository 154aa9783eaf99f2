"""Load that keeps every error: a steady rate of new connections, and sets of idle ones."""
import concurrent.futures
import threading
import time

import clients


class Load:
    """Starts `dialogue()` `rate` times a second until the block ends. Slow ones do not slow the rate down.

    errors: (seconds since the start, text) of each failure; done: how many went well; slowest: seconds.
    """

    def __init__(self, dialogue, rate=50, threads=40):
        self._dialogue = dialogue
        self._rate = rate
        self._pool = concurrent.futures.ThreadPoolExecutor(threads)
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run)
        self.errors = []
        self.done = 0
        self.slowest = 0.0

    def __enter__(self):
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self):
        number = 0
        while not self._end.is_set():
            number += 1
            self._pool.submit(self._one)
            self._end.wait(max(0.0, self._start + number / self._rate - time.monotonic()))

    def _one(self):
        begin = time.monotonic()
        try:
            self._dialogue()
        except OSError as error:
            with self._lock:
                self.errors.append((round(begin - self._start, 3), f"{type(error).__name__}: {error}"))
            return
        with self._lock:
            self.done += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)


class IdleImap:
    """Idle IMAP sessions, greeted and logged in. `options` as in clients.Line."""

    def __init__(self, port, number, **options):
        self.sessions = []
        for _ in range(number):
            line = clients.Line(port, **options)
            line.read()
            line.ask("a LOGIN user secret", until="a OK")
            self.sessions.append(line)

    def broken(self):
        """Texts of what is wrong with those that no longer answer."""
        errors = []
        for line in self.sessions:
            try:
                line.ask("a NOOP", until="a OK")
            except OSError as error:
                errors.append(f"{type(error).__name__}: {error}")
        return errors

    def close(self):
        for line in self.sessions:
            line.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
