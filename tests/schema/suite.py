"""The JSON Schemas against `revokd check`. Run it by ./run; REVOKD names the binary."""
import os
import re
import signal
import sys
import time
import unittest
from pathlib import Path

MODULES = ["test_good", "test_bad", "test_editor"]


class Results(unittest.TextTestResult):
    """One line for each test: its verdict, its seconds and its name; a test fails once, however much goes wrong."""

    def startTest(self, test):
        super(unittest.TextTestResult, self).startTest(test)
        self.begun, self.bad = time.monotonic(), len(self.failures) + len(self.errors)

    def stopTest(self, test):
        super().stopTest(test)
        failed = len(self.failures) + len(self.errors) > self.bad
        self.counts[failed] += 1
        name = test.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", " ")
        self.stream.writeln(f"{'FAILED' if failed else 'ok':6} {time.monotonic() - self.begun:5.1f} s  {name}")
        self.stream.flush()

    def addError(self, test, error):
        super().addError(test, error)
        # What goes wrong before or after the tests of a class is of no test of theirs, and they are not run.
        self.counts[1] += not isinstance(test, unittest.TestCase)

    def addSkip(self, test, reason):
        """A suite that leaves something out has not passed."""
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))


def main(patterns):
    # What we started is ended by whatever ends this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{re.sub('[ -]', '_', pattern)}*" for pattern in patterns] or None
    Results.counts = [0, 0]
    outcome = unittest.TextTestRunner(resultclass=Results, verbosity=0).run(loader.loadTestsFromNames(MODULES))
    passed, failed = Results.counts
    # A suite without a test has not passed.
    failed += passed + failed == 0 or (failed == 0 and not outcome.wasSuccessful())
    (Path(os.environ["STATE"]) / "summary").write_text(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
