"""Independent clients against the simulated clouds, and revokd between them. Run it by ./run; REVOKD names the binary."""
import logging
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import clouds
import runner

MODULES = ["test_iam", "test_ims", "test_swr", "test_openstacksdk", "test_revokd"]

if __name__ == "__main__":
    # The vendor's SDK logs each refusal that a test asks for.
    logging.disable(logging.CRITICAL)
    sys.exit(runner.run(MODULES, sys.argv[1:], Path(os.environ["STATE"]) / "summary", clouds.stop_all))
