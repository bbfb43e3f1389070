"""Rules, dashboard and metrics of revokd against the tools they are for. Run it by ./run; REVOKD names the binary."""
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import runner
import test_files
import world

# What takes long of the files goes on while the live ones wait for time to pass.
MODULES = ["test_live", "test_files"]

if __name__ == "__main__":
    test_files.begin()
    sys.exit(runner.run(MODULES, sys.argv[1:], Path(os.environ["STATE"]) / "summary", world.end_all))
