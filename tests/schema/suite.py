"""The JSON Schemas against `revokd check`. Run it by ./run; REVOKD names the binary."""
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import runner

MODULES = ["test_good", "test_bad", "test_editor"]

if __name__ == "__main__":
    sys.exit(runner.run(MODULES, sys.argv[1:], Path(os.environ["STATE"]) / "summary"))
