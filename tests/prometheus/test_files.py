"""What can be said of the files without a daemon."""
import json
import unittest

import dashboard
from world import DASHBOARDS, HERE, STATE, Process, tool

RULES = DASHBOARDS / "revokd.rules.yml"
WRONG = STATE / "wrong.json"
begun = {}


def begin():
    """Starts what takes long, to be waited for later."""
    wrong = json.loads(dashboard.FILE.read_text())
    panel = next(panel for panel in wrong["panels"] if panel["type"] == "stat")
    panel["options"]["colourMode"] = panel["options"].pop("colorMode")
    WRONG.write_text(json.dumps(wrong))
    # Each writes what it checks into a folder of its own.
    for name, file in (("types", dashboard.FILE), ("wrong-types", WRONG)):
        folder = STATE / name
        folder.mkdir(exist_ok=True)
        modules = folder / "node_modules"
        if not modules.is_symlink():
            modules.symlink_to(STATE / "npm" / "node_modules")
        begun[name] = Process(name, "node", HERE / "check-dashboard.mjs", file, folder)
    begun["alerts"] = Process("alerts", "promtool", "test", "rules", DASHBOARDS / "revokd.rules_test.yml")


class Files(unittest.TestCase):
    def test_the_rules_are_well_formed(self):
        tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)

    def test_every_alert_fires_when_it_must_and_only_then(self):
        code, said = begun["alerts"].ended()
        self.assertEqual(code, 0, said)

    def test_the_example_for_alertmanager_sends_pages_and_tickets_apart(self):
        example = DASHBOARDS / "alertmanager.example.yml"
        tool("amtool", "check-config", example)
        for severity in ("page", "ticket"):
            labels = ["alertname=RevokdDown", f"severity={severity}"]
            tool("amtool", "config", "routes", "test", f"--config.file={example}", f"--verify.receivers=revokd-{severity}s", *labels)

    def test_the_dashboard_is_of_the_types_of_grafana(self):
        code, said = begun["types"].ended()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"^\d+ panels")

    def test_a_dashboard_with_a_misspelt_option_is_refused(self):
        code, said = begun["wrong-types"].ended()
        self.assertEqual(code, 1)
        self.assertIn("colourMode", said)

    def test_every_query_of_the_dashboard_can_be_parsed(self):
        # promtool parses queries as recording rules.
        rules = [{"record": f"q:{number}", "expr": query} for number, (_, query) in enumerate(dashboard.queries())]
        file = STATE / "queries.json"
        file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        tool("promtool", "check", "rules", file)
        self.assertGreater(len(rules), 40)

    def test_panels_lie_beside_each_other_and_have_their_own_numbers(self):
        panels = json.loads(dashboard.FILE.read_text())["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for place in (panel["gridPos"] for panel in panels):
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(taken & cells, place)
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
