"""The package, and what the tests make of it."""
import shutil
import subprocess

import box
from box import must, path, show

UNIT = "revokd.service"
ORIGINAL, PLAIN, NEWER = (f"{box.SHARED_INSIDE}/{name}.deb" for name in ("revokd", "plain", "newer"))
# What the package brought to /etc, to begin each test with.
PRISTINE = "/run/pristine"


def install_once():
    if not path(PRISTINE).exists():
        shutil.copy(box.PACKAGE, box.SHARED / "revokd.deb")
        repack()
        must("dpkg", "--install", ORIGINAL)
        must("cp", "-a", "/etc/revokd", PRISTINE)


def install_again():
    """The package as it was made, whatever a test did with it; of a service that was stopped it starts none."""
    must("dpkg", "--install", "--force-downgrade", "--force-confnew", PLAIN)
    state = show(UNIT, "ActiveState")
    assert state == "inactive", f"an installation over a service that was stopped leaves it {state}"


def repack():
    """The package uncompressed, for an installation of which nothing but its end is looked at; and once more under a higher version,
    with another file of configuration."""
    folder = box.STATE / "repacked"
    subprocess.run(["dpkg-deb", "--raw-extract", box.PACKAGE, folder], check=True)
    build(folder, "plain.deb")
    control = folder / "DEBIAN" / "control"
    lines = ["Version: 9.0.0-1" if line.startswith("Version:") else line for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    with (folder / "etc/revokd/revokd.toml").open("a") as shipped:
        shipped.write("# A line of a later version.\n")
    build(folder, "newer.deb")
    shutil.rmtree(folder)


def build(folder, name):
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, box.SHARED / name], check=True, stdout=subprocess.DEVNULL)
