"""What an editor shows: taplo finds the schema by the first line of a file, and shows the mistake."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from world import REVOKD, ROOT


def lint(paths):
    """Without the catalogue of schemas on the network, and without a configuration of anybody's."""
    command = [os.environ["TAPLO"], "lint", "--no-auto-config", *map(str, paths)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=os.environ["STATE"])
    return answer.returncode, answer.stdout + answer.stderr


class Editor(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="revokd-schema-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def written(self):
        """What `revokd simulate` wrote, for whoever opens it in an editor."""
        try_it = self.directory / "try"
        process = subprocess.Popen([REVOKD, "simulate", "--directory", str(try_it)], stdout=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                if line.startswith("stop with"):
                    break
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        return try_it

    def test_shipped_files_and_those_of_the_simulator_lead_an_editor_to_their_mistakes(self):
        shutil.copytree(ROOT / "config", self.directory / "config")
        folders = [self.directory / "config", self.written()]
        files = [path for folder in folders for path in (folder / "revokd.toml", *sorted((folder / "policies").glob("*.toml")))]
        self.assertGreater(len(files), 20)
        code, said = lint(files)
        self.assertEqual(code, 0, said)
        for path in files:
            text = path.read_text()
            mistake = text.replace("schedule ", "scedule ", 1) if "schedule " in text else text.replace("[daemon]", "[deamon]", 1)
            self.assertNotEqual(mistake, text, path)
            path.write_text(mistake)
        code, said = lint(files)
        self.assertEqual(code, 1, said)
        unnoticed = [path for path in files if f'schema validation failed path="{path}"' not in said]
        self.assertEqual(unnoticed, [], said)
