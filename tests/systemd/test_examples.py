"""The drop-ins that the package shows, put to use as they say themselves."""
from box import Cloud, must, path, run
from cases import UNIT, Case

EXAMPLES = "/usr/share/doc/revokd/systemd/examples"


class Examples(Case):
    title = "examples"

    def test_systemd_finds_no_fault_with_any(self):
        names = must("ls", EXAMPLES).split()
        self.assertIn("encrypted-credential.conf", names)
        for name in names:
            must("cp", f"{EXAMPLES}/{name}", f"/run/systemd/system/{UNIT}.d/{name}")
        verified = run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{UNIT}")
        self.assertEqual((verified.code, verified.out, verified.err), (0, "", ""))

    def test_a_secret_that_is_encrypted_for_this_machine(self):
        self.configure(Cloud())
        example = path(f"{EXAMPLES}/encrypted-credential.conf").read_text().replace("prod-password", "sim-password")
        commands = [line.removeprefix("#").strip() for line in example.replace("\\\n#", "").splitlines() if line.startswith("#   ")]
        encrypt, check = commands
        must("rm", "/etc/revokd/secrets/sim-password")
        must("sh", "-c", encrypt, stdin=self.cloud.password + "\n")
        self.drop("encrypted-credential", example)
        self.assertNotIn(self.cloud.password.encode(), path("/etc/revokd/sim-password.cred").read_bytes())
        checked = run("sh", "-c", check)
        self.assertEqual(checked.code, 0, checked.text)
        self.start()
        before = self.cloud.shares()
        self.wake()
        self.all_removed(before)
