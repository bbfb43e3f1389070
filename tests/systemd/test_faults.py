"""What happens to the service that it did not ask for: it is killed, it hangs, it works for longer than anybody thought."""
import box
from box import Cloud, StoppedThread, must, show
from cases import UNIT, WATCHDOG_S, Case
from waiting import until


class Faults(Case):
    title = "faults"

    def test_killed_in_the_middle_of_a_batch_it_comes_back_and_finishes(self):
        before = self.slow_batch()
        must("systemctl", "kill", "--signal=KILL", UNIT)
        self.restarted()
        self.all_removed(before)
        # Its figures are those of the second process alone.
        self.assertGreater(self.metric("revokd_removal_calls_total"), 0, "the test itself: something must be left to do")
        # Calls of which nobody knew the end were looked for and not made again.
        self.assertEqual(self.metric("revokd_removal_calls_total", outcome="not-there"), 0)
        self.store_belongs_to_the_service()

    def test_a_store_writer_that_hangs_is_noticed_though_all_else_goes_on(self):
        before = self.slow_batch()
        stopped = StoppedThread(box.thread_named(UNIT, "store-writer"))
        # The process as such answers, before it is ended for its writer.
        must("curl", "-fsS", "http://127.0.0.1:9469/metrics")
        self.journal_says("(?i)watchdog timeout")
        self.restarted()
        self.all_removed(before)

    def test_a_process_that_stands_still_is_noticed(self):
        before = self.slow_batch()
        must("systemctl", "kill", "--kill-who=main", "--signal=STOP", UNIT)
        self.journal_says("(?i)watchdog timeout")
        self.restarted()
        self.all_removed(before)

    def test_work_that_takes_longer_than_the_watchdog_is_no_hang(self):
        self.configure(Cloud("list-images=4s*1", "remove-member=4s*1"))
        before = self.cloud.shares()
        self.start()
        pid = show(UNIT, "MainPID")
        self.wake()
        self.all_removed(before)
        self.assertEqual(show(UNIT, "MainPID", "NRestarts"), [pid, "0"])

    def test_idle_is_no_hang(self):
        self.configure(Cloud())
        self.start()
        pid, began = show(UNIT, "MainPID", "ExecMainStartTimestampMonotonic")
        uptime_s = lambda: float(must("cat", "/proc/uptime").split()[0]) - int(began) / 1e6
        until("three watchdog times are over", lambda: uptime_s() > 3 * WATCHDOG_S)
        self.assertEqual(show(UNIT, "ActiveState", "MainPID", "NRestarts"), ["active", pid, "0"])

    def test_crash_after_crash_is_started_again(self):
        self.configure(Cloud())
        self.start()
        # One more than systemd's own limit, which would leave it down for good.
        for crash in range(1, 7):
            pid = until("it is up", lambda: show(UNIT, "ActiveState") == "active" and show(UNIT, "MainPID"))
            must("systemctl", "kill", "--kill-who=main", "--signal=KILL", UNIT)
            until("its manager saw it die", lambda: show(UNIT, "MainPID") != pid)
        until("it is up again", lambda: show(UNIT, "ActiveState", "NRestarts") == ["active", "6"])
