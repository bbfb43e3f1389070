"""Rules, dashboard and metrics of revokd against the tools they are for. Run it by ./run; REVOKD names the binary."""
import os
import re
import signal
import sys
import time
import unittest
from pathlib import Path

import test_files
import world

# What takes long of the files goes on while the live ones wait for time to pass.
MODULES = ["test_live", "test_files"]


class Results(unittest.TextTestResult):
    """One line for each test: its verdict, its seconds and its name; a test fails once, however much goes wrong."""

    def startTest(self, test):
        super(unittest.TextTestResult, self).startTest(test)
        self.begun, self.bad = time.monotonic(), self.problems()

    def stopTest(self, test):
        super().stopTest(test)
        failed = self.problems() > self.bad
        self.counts[failed] += 1
        name = test.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", " ")
        self.stream.writeln(f"{'FAILED' if failed else 'ok':6} {time.monotonic() - self.begun:5.1f} s  {name}")
        self.stream.flush()

    def addSkip(self, test, reason):
        """A suite that leaves something out has not passed."""
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))

    def problems(self):
        return len(self.failures) + len(self.errors)


def main(patterns):
    # What we started is ended by whatever ends this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{re.sub('[ -]', '_', pattern)}*" for pattern in patterns] or None
    Results.counts = [0, 0]
    try:
        test_files.begin()
        outcome = unittest.TextTestRunner(resultclass=Results, verbosity=0).run(loader.loadTestsFromNames(MODULES))
    finally:
        world.end_all()
    passed, failed = Results.counts
    # A suite without a test has not passed, and neither has one that could not be set up.
    failed += passed + failed == 0 or (failed == 0 and not outcome.wasSuccessful())
    (Path(os.environ["STATE"]) / "summary").write_text(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
