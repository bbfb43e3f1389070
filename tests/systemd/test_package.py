"""The package over a running service: a higher version with an older store, removal, purge."""
import shutil
import sqlite3

import box
from box import Cloud, must, path, run, show
from cases import STATE_INSIDE, UNIT, Case
from packages import NEWER, PLAIN, install_again

MIGRATIONS = box.HERE.parent.parent / "src" / "store" / "migrations"
BEFORE = 2  # the version of the store that is made here; the binary knows later ones


def fetch(store):
    """A copy outside of the box: SQLite follows every link on the way to a file, also the one that is the box's root."""
    folder = box.STATE / "fetched"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for rest in "", "-wal":
        file = store.with_name(store.name + rest)
        if file.exists():
            shutil.copy(file, folder)
    return folder / store.name


def take_back(store):
    """Makes of a store what an older revokd would have left: the schema of that version by its own migrations, their history as it was
    written when they were run, and all rows, without the columns that came later. Gives what is in the queue."""
    new = fetch(store)
    old = new.with_suffix(".old")
    owner = store.stat()
    with sqlite3.connect(old) as made:
        for script in sorted(MIGRATIONS.glob("V*.sql"), key=lambda file: int(file.name[1:].partition("__")[0])):
            if int(script.name[1:].partition("__")[0]) <= BEFORE:
                made.executescript(script.read_text())
        made.execute("ATTACH ? AS new", [str(new)])
        (history,) = made.execute("SELECT sql FROM new.sqlite_schema WHERE name = 'refinery_schema_history'").fetchone()
        made.execute(history)
        made.execute("INSERT INTO refinery_schema_history SELECT * FROM new.refinery_schema_history WHERE version <= ?", [BEFORE])
        for table in "runs", "run_decisions", "tasks", "attempts", "policies", "audit":
            columns = ", ".join(name for _, name, _, _, _, _, hidden in made.execute(f"PRAGMA main.table_xinfo({table})") if not hidden)
            made.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        made.commit()
        queue = made.execute("SELECT id, state, resource, subject, attempts FROM main.tasks ORDER BY id").fetchall()
        newest = made.execute("SELECT max(version) FROM new.refinery_schema_history").fetchone()[0]
    assert newest > BEFORE, "there is nothing to migrate"
    made.close()
    for rest in "-wal", "-shm":
        store.with_name(store.name + rest).unlink(missing_ok=True)
    # In its place, with its owner and its mode.
    shutil.copyfile(old, store)
    assert (store.stat().st_uid, store.stat().st_mode) == (owner.st_uid, owner.st_mode)
    return queue


def version(store):
    with sqlite3.connect(fetch(store)) as opened:
        return opened.execute("SELECT max(version) FROM refinery_schema_history").fetchone()[0]


class Package(Case):
    title = "package"

    def tearDown(self):
        super().tearDown()
        install_again()

    def test_upgrade_over_a_running_service_with_an_older_store(self):
        before = self.slow_batch()
        must("systemctl", "stop", UNIT)
        store = path(f"{STATE_INSIDE}/revokd.db")
        queue = take_back(store)
        waiting = [task for task in queue if task[1] == "queued"]
        self.assertGreater(len(waiting), 5, "the test itself: the queue holds something")
        # Before the upgrade an older binary would run here, which knows of no later store. Of it is asked that it runs.
        self.drop("older", "[Service]\nExecStart=\nExecStart=/bin/sleep infinity\nType=exec\nWatchdogSec=0\n")
        self.start()
        older = show(UNIT, "MainPID")
        path(f"/run/systemd/system/{UNIT}.d/older.conf").unlink()
        configuration = path("/etc/revokd/revokd.toml").read_text()
        policy = path("/etc/revokd/policies/shares.toml").read_text()

        upgraded = run("dpkg", "--install", "--force-confold", NEWER)
        self.ran.append(upgraded.text)
        self.assertEqual(upgraded.code, 0, upgraded.text)
        state, pid = show(UNIT, "ActiveState", "MainPID")
        self.assertEqual((state, pid != older), ("active", True), "the service runs again, and anew")
        self.assertEqual(must("readlink", f"/proc/{pid}/exe").strip(), "/usr/bin/revokd")
        self.assertGreater(version(store), BEFORE)
        self.all_removed(before)
        tasks = {task["id"]: (task["resource"], task["subject"]) for task in self.json("tasks", "list")["tasks"]}
        self.assertEqual(tasks, {task: (resource, subject) for task, _, resource, subject, _ in queue}, "each task is the one it was")
        self.store_belongs_to_the_service()
        self.assertEqual(path("/etc/revokd/revokd.toml").read_text(), configuration, "an edited file is kept")
        self.assertEqual(path("/etc/revokd/policies/shares.toml").read_text(), policy)
        self.assertEqual(path("/etc/revokd/secrets/sim-password").read_text().strip(), self.cloud.password)

    def test_removal_stops_it_and_keeps_what_is_the_operators_and_purge_nothing(self):
        self.configure(Cloud())
        before = self.cloud.shares()
        self.start()
        self.wake()
        self.all_removed(before)
        must("systemctl", "enable", UNIT)
        pid = show(UNIT, "MainPID")
        must("dpkg", "--remove", "revokd")
        self.assertFalse(path(f"/proc/{pid}").exists(), "it runs on without its program")
        self.assertFalse(path("/usr/bin/revokd").exists())
        self.assertEqual([record for record in self.journal() if "Failed with result" in record["MESSAGE"]], [], "it was stopped and did not fail")
        kept = ["/etc/revokd/revokd.toml", "/etc/revokd/policies/shares.toml", "/etc/revokd/secrets/sim-password", f"{STATE_INSIDE}/revokd.db"]
        self.assertEqual([name for name in kept if path(name).exists()], kept)

        # Installed again, it goes on where it was.
        must("dpkg", "--install", PLAIN)
        self.start()
        self.assertEqual(set(self.task_states()), {"done"})
        self.store_belongs_to_the_service()

        must("dpkg", "--purge", "revokd")
        path(f"/run/systemd/system/{UNIT}.d/suite.conf").unlink()
        must("rmdir", f"/run/systemd/system/{UNIT}.d")
        must("systemctl", "daemon-reload")
        left = must("find", "/etc", "/usr", "/var", "-xdev", "-ipath", "*revokd*", "-not", "-path", "/var/cache/*", "-not", "-path", "/var/log/*")
        self.assertEqual(left, "")
        self.assertEqual(show(UNIT, "LoadState"), "not-found")
