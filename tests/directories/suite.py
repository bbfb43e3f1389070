"""revokd against running directories of people: OpenLDAP and a SCIM server, and the other types of lists. Run it by ./run, which
starts the servers; REVOKD names the binary."""
import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import runner
import world

MODULES = ["test_directories", "test_lists"]


def main(words):
    forget_worlds()
    code = runner.run(MODULES, words, Path(os.environ["STATE"]) / "summary", world.end_all)
    # What a failed test left is worth a look, until the next run.
    if code == 0:
        forget_worlds()
    return code


def forget_worlds():
    shutil.rmtree(world.STATE / "worlds", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
