"""A program on a terminal, with somebody at it."""
import codecs
import fcntl
import os
import pty
import re
import termios
import time
from select import select

import process


class Console:
    """`command` runs with a pseudo-terminal as its standard input, output and error, as on a serial line.

    `errors`: of what is not UTF-8, as bytes.decode() takes it."""

    def __init__(self, command, env=None, errors="strict"):
        self.terminal, inner = pty.openpty()

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = process.spawn(command, stdin=inner, stdout=inner, stderr=inner, preexec_fn=own_terminal,
                                     env={**os.environ, **(env or {})})
        os.close(inner)
        self.shown = ""  # all that was
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)
        self.read = 0  # what of it was expected already

    def expect(self, text, timeout=20):
        """Waits until the text is shown, behind what was expected before."""
        end = time.monotonic() + timeout
        while (at := self.shown.find(text, self.read)) < 0:
            left = end - time.monotonic()
            assert left > 0, f"not shown within {timeout} s: {text!r}; shown: {self.shown!r}"
            assert self._more(left), f"ended without {text!r}; shown: {self.shown!r}"
        self.read = at + len(text)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def answer(self, question, text):
        self.expect(question)
        self.type(text + "\n")

    def drain(self):
        """Reads what is there, and waits for nothing."""
        while select([self.terminal], [], [], 0)[0] and self._more(0):
            pass

    def end(self, timeout=10):
        """The exit code; the rest of what is shown is read."""
        while self._more(timeout):
            pass
        code = self.process.wait(timeout)
        os.close(self.terminal)
        return code

    def plain(self):
        """No escape sequence was shown: a serial line needs none."""
        return not re.search("\x1b", self.shown)

    def _more(self, timeout):
        if not select([self.terminal], [], [], timeout)[0]:
            return True
        try:
            got = os.read(self.terminal, 4096)
        except OSError:  # nobody has the other side open any more
            return False
        self.shown += self._decoder.decode(got).replace("\r", "")
        return bool(got)
