"""What the run says of itself: a line a step, and how it all went."""

import sys
import time


class Failure(Exception):
    """A step did not find what it looked for: a sentence, and perhaps more lines."""


class Report:
    """Runs steps one after the other. After one that failed the others have nothing
    to stand on, but for those that clean up."""

    def __init__(self, name, evidence):
        self._name = name
        # What to show of a failure besides its words, as text.
        self._evidence = evidence
        self._began = time.monotonic()
        self.passed = self.failed = self.skipped = 0

    def step(self, words, action, always=False):
        """Runs `action`, which answers a few words about what it found."""
        if self.failed and not always:
            self.skipped += 1
            return
        try:
            found = action()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next steps clean up
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
    """What `probe` answers, as soon as that is something; it says what it waited for.

    `probe` may raise a `Failure` to say what it found instead, which is told when
    the time is over.
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
