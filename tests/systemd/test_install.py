"""What the package brings, before anybody touched it."""
import re

from box import must, run, show
from cases import UNIT, Case

FILES = {
    "/usr/bin/revokd": "755 root",
    "/usr/lib/systemd/system/revokd.service": "644 root",
    "/etc/revokd": "755 root",
    "/etc/revokd/revokd.toml": "644 root",
    "/etc/revokd/policies": "755 root",
    "/etc/revokd/secrets": "700 root",
    "/usr/share/doc/revokd/config/revokd.toml": "644 root",
    "/usr/share/doc/revokd/copyright": "644 root",
}
WORST_EXPOSURE = 1.5


class Installed(Case):
    title = "install"
    drop_in = ""

    def test_files_are_there_with_their_modes(self):
        there = {}
        for line in must("stat", "--format=%n %a %U", *FILES).splitlines():
            name, rest = line.split(" ", 1)
            there[name] = rest
        self.assertEqual(there, FILES)
        self.assertEqual(run("dpkg", "--verify", "revokd").out, "")
        self.assertEqual(must("dpkg-query", "--showformat=${Conffiles}", "--show", "revokd").split()[0::2], ["/etc/revokd/revokd.toml"])

    def test_it_is_neither_enabled_nor_started(self):
        self.assertEqual(show(UNIT, "ActiveState", "UnitFileState", "InvocationID"), ["inactive", "disabled", ""])

    def test_systemd_finds_no_fault_with_the_unit(self):
        # It exits with 0 whatever it finds.
        verified = run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{UNIT}")
        self.assertEqual((verified.code, verified.out, verified.err), (0, "", ""))

    def test_exposure(self):
        overall = must("systemd-analyze", "security", "--no-pager", UNIT).splitlines()[-1]
        exposure = float(re.search(r": ([0-9.]+)", overall)[1])
        print(f"       exposure {exposure}", flush=True)
        self.assertLessEqual(exposure, WORST_EXPOSURE)

    def test_without_a_cloud_it_does_not_start_and_says_so(self):
        self.drop("quick", "[Service]\nRestartSec=100ms\n")
        self.refused_to_start("revokd.toml", "cloud")
        self.assertEqual(show(UNIT, "NRestarts"), "0")
