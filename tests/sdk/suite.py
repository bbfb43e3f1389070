"""Independent clients against the simulated clouds, and revokd between them. Run it by ./run; REVOKD names the binary."""
import logging
import os
import re
import signal
import sys
import time
import unittest
from pathlib import Path

import clouds

MODULES = ["test_iam", "test_ims", "test_swr", "test_openstacksdk", "test_revokd"]


class Results(unittest.TextTestResult):
    """One line for each test: its verdict, its seconds, its cloud and its name; a test fails once, however much goes wrong."""

    def startTest(self, test):
        super(unittest.TextTestResult, self).startTest(test)
        self.begun, self.bad = time.monotonic(), len(self.failures) + len(self.errors)

    def stopTest(self, test):
        super().stopTest(test)
        failed = len(self.failures) + len(self.errors) > self.bad
        self.counts[failed] += 1
        name = test.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", " ")
        verdict = "FAILED" if failed else "ok"
        self.stream.writeln(f"{verdict:6} {time.monotonic() - self.begun:5.1f} s  {getattr(test, 'flavour', ''):18}  {name}")
        self.stream.flush()

    def addError(self, test, error):
        super().addError(test, error)
        # What goes wrong before or after the tests of a class is of no test of theirs, and they are not run.
        self.counts[1] += not isinstance(test, unittest.TestCase)

    def addSkip(self, test, reason):
        """A suite that leaves something out has not passed."""
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))


def main(patterns):
    # The clouds are stopped by whatever ends this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The vendor's SDK logs each refusal that a test asks for.
    logging.disable(logging.CRITICAL)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{re.sub('[ -]', '_', pattern)}*" for pattern in patterns] or None
    Results.counts = [0, 0]
    try:
        outcome = unittest.TextTestRunner(resultclass=Results, verbosity=0).run(loader.loadTestsFromNames(MODULES))
    finally:
        clouds.stop_all()
    passed, failed = Results.counts
    # A suite without a test has not passed.
    failed += passed + failed == 0 or (failed == 0 and not outcome.wasSuccessful())
    (Path(os.environ["STATE"]) / "summary").write_text(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
