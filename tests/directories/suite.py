"""revokd against running directories of people: OpenLDAP and a SCIM server, and the other types of lists. Run it by ./run, which
starts the servers; REVOKD names the binary."""
import os
import re
import shutil
import signal
import sys
import time
import unittest
from pathlib import Path

import world

MODULES = ["test_directories", "test_lists"]


class Results(unittest.TextTestResult):
    """One line for each test: its verdict, its seconds, its directory and its name; a test fails once, however much goes wrong."""

    def startTest(self, test):
        super(unittest.TextTestResult, self).startTest(test)
        self.begun, self.bad = time.monotonic(), self.problems()

    def stopTest(self, test):
        super().stopTest(test)
        failed = self.problems() > self.bad
        self.counts[failed] += 1
        name = test.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", " ")
        self.stream.writeln(f"{'FAILED' if failed else 'ok':6} {time.monotonic() - self.begun:5.1f} s  {test.title:10}  {name}")
        if failed:
            # What revokd said is where the answer usually stands.
            self.stream.writeln("".join(getattr(test, "said", [])))
        self.stream.flush()

    def addSkip(self, test, reason):
        """A suite that leaves something out has not passed."""
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))

    def problems(self):
        return len(self.failures) + len(self.errors)


def main(patterns):
    # What we started is ended by whatever ends this. Of all that can be raised in a test, unittest lets only this one through.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{re.sub('[ -]', '_', pattern)}*" for pattern in patterns] or None
    Results.counts = [0, 0]
    forget_worlds()
    try:
        outcome = unittest.TextTestRunner(resultclass=Results, verbosity=0).run(loader.loadTestsFromNames(MODULES))
    finally:
        world.end_all()
    passed, failed = Results.counts
    # A suite without a test has not passed.
    failed += passed + failed == 0 or (failed == 0 and not outcome.wasSuccessful())
    (Path(os.environ["STATE"]) / "summary").write_text(f"{passed} passed, {failed} failed\n")
    # What a failed test left is worth a look, until the next run.
    if not failed:
        forget_worlds()
    return 1 if failed else 0


def forget_worlds():
    shutil.rmtree(world.STATE / "worlds", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
