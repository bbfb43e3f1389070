"""revokd's service and package under a real systemd. Run it by ./run, which boots the box; REVOKD names the binary, REVOKD_DEB the
package."""
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import runner

MODULES = ["test_install", "test_service", "test_examples", "test_faults", "test_package", "test_documents"]

if __name__ == "__main__":
    sys.exit(runner.run(MODULES, sys.argv[1:], Path(os.environ["STATE"]) / "summary"))
