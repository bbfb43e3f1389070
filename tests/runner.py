"""Runs the tests of a suite as all suites show them: one line for each, what a failed one left to look at, and a summary in a file
for whoever started it. A suite that leaves something out, or that has no test at all, has not passed."""
import re
import signal
import sys
import time
import unittest


class Results(unittest.TextTestResult):
    """One line for each test: its verdict, its seconds, what it is about and its name; a test fails once, however much goes wrong.
    A test may have a `title`, what it is about, and `said`, a list of texts in which the answer usually stands."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.counts = [0, 0]

    def startTest(self, test):
        super(unittest.TextTestResult, self).startTest(test)
        self.begun, self.bad = time.monotonic(), self.problems()

    def stopTest(self, test):
        super().stopTest(test)
        failed = self.problems() > self.bad
        self.counts[failed] += 1
        name = test.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", " ")
        about = f"{test.title:10}  {name}" if hasattr(test, "title") else name
        self.stream.writeln(f"{'FAILED' if failed else 'ok':6} {time.monotonic() - self.begun:5.1f} s  {about}")
        if failed:
            self.stream.writeln("".join(getattr(test, "said", [])))
        self.stream.flush()

    def addError(self, test, error):
        super().addError(test, error)
        # What goes wrong before or after the tests of a class is of no test of theirs, and they are not run.
        self.counts[1] += not isinstance(test, unittest.TestCase)

    def addSkip(self, test, reason):
        """A suite that leaves something out has not passed."""
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))

    def problems(self):
        return len(self.failures) + len(self.errors)


def run(modules, words, summary, end=lambda: None):
    """Runs the tests of `modules` whose names hold one of `words`, all of them without any; `end` is called whatever happens.
    Writes the summary; gives the exit code."""
    # What we started is ended by whatever ends this. Of all that can be raised in a test, unittest lets only this one through.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{re.sub('[ -]', '_', word)}*" for word in words] or None
    try:
        runner = unittest.TextTestRunner(stream=sys.stderr, resultclass=Results, verbosity=0)
        outcome = runner.run(loader.loadTestsFromNames(modules))
    finally:
        end()
    passed, failed = outcome.counts
    failed += passed + failed == 0 or (failed == 0 and not outcome.wasSuccessful())
    summary.write_text(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0
