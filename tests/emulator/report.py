"""The report of a run: one line per step, and a summary."""

import sys
import time


class Failure(Exception):
    """A step found something else than expected; the message is a sentence, and maybe more lines."""


class Report:
    """Runs steps in order. After a failed step, only the steps that clean up run, because each
    step depends on the steps before it."""

    def __init__(self, name, evidence):
        self._name = name
        # Returns additional text about a failure, such as logs.
        self._evidence = evidence
        self._began = time.monotonic()
        self.passed = self.failed = self.skipped = 0

    def step(self, words, action, always=False):
        """Runs `action`, which returns a short description of what it found."""
        if self.failed and not always:
            self.skipped += 1
            return
        try:
            found = action()
        except Exception as error:  # noqa: BLE001 - the next steps must clean up after any error
            self.failed += 1
            self._line("FAILED", words, f"{type(error).__name__}: {error}")
            if not isinstance(error, (Failure, TimeoutError)):
                import traceback

                traceback.print_exc(file=sys.stdout)
            print(self._evidence(), flush=True)
        else:
            self.passed += 1
            self._line("ok", words, found or "")

    def _line(self, verdict, words, found):
        seconds = time.monotonic() - self._began
        print(f"{seconds:6.1f} s  {verdict:<6}  {words}{': ' if found else ''}{found}", flush=True)

    def end(self):
        rest = f", {self.skipped} not run" if self.skipped else ""
        print(f"{self._name}: {self.passed} passed, {self.failed} failed{rest}", flush=True)
        return 1 if self.failed else 0


def expect(holds, sentence):
    if not holds:
        raise Failure(sentence)


def until(what, seconds, probe, every=0.25):
    """Calls `probe` until it returns a value other than None; returns that value.

    `probe` may raise a `Failure` to describe what it found instead. The TimeoutError contains
    the last such description.
    """
    end = time.monotonic() + seconds
    last = ""
    while True:
        try:
            found = probe()
            if found is not None:
                return found
        except Failure as instead:
            last = f"; {instead}"
        if time.monotonic() >= end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}{last}")
        time.sleep(every)
