"""What the schemas refuse, `check` refuses; and what `check` refuses beyond that is told here one by one."""
import unittest

import examples
import toml_text
from broken import MUST, enriched, spoilt
from world import CLOUDS, ROOT, copied, documented, refused_clouds, refused_daemon, refused_policies, refuses, shipped

# What no schema can see of files that are spoilt in systematic ways, with the reason.
NAMED = "whether a source of that name is there is said by another section"
NEEDED = "what a source has to say depends on the policies that name it"
UNSEEN = {
    "policy.match.subject_in: added": ("policies", NAMED),
    "policy.match.subject_not_in: added": ("policies", NAMED),
    "source: missing": ("policies", NAMED),
    "source.NAME: missing": ("policies", NAMED),
    "source.NAME.projects: missing": ("policies", NEEDED),
    "source.NAME.min_entries: missing": ("policies", NEEDED),
    "source.NAME.max_age: missing": ("policies", NEEDED),
    "source.NAME.max_shrink_percent: missing": ("policies", NEEDED),
    "source.NAME.start_tls: missing": ("policies", "whether an address is on this machine is the parser's to know"),
    "policy.match.when: added": ("policies", "a condition is a language of its own"),
    "wake_token_file: added": ("daemon", "what is in a file only its reader knows"),
}


class Bad(unittest.TestCase):
    maxDiff = None

    def held(self, spoilt, refusals, is_refused):
        """Words of what `check` alone refuses. A schema that refuses more is wrong, whatever else."""
        unseen = {}
        for position, (word, judged, value) in enumerate(spoilt):
            if position in refusals and not is_refused(value):
                unseen.setdefault(word, refusals[position])
            self.assertFalse(position not in refusals and is_refused(value), f"only the schema refuses {word}: {value}")
            self.assertFalse(position not in refusals and judged == MUST, f"nobody refuses {word}: {value}")
        return unseen

    def told(self, unseen, part):
        for word, message in sorted(unseen.items()):
            print(f"       check alone refuses {word}: {message}")
        self.assertEqual(sorted(unseen), sorted(word for word, (of, _) in UNSEEN.items() if of == part))

    def test_policies_and_sources_spoilt_in_every_place(self):
        good = [toml_text.read(path.read_text()) for schema, path in shipped() if schema == "policies"]
        good += [toml_text.read(text) for schema, _, text in documented() if schema == "policies"]
        cases = {}
        for document in good:
            for word, judged, value in (case for case in spoilt(document) if isinstance(case[2], dict)):
                cases.setdefault(f"{word} {toml_text.write(value)}", (word, judged, value))
            for position, policy in enumerate(document.get("policy", [])):
                for word, judged, value in enriched("policies", policy["match"], ["definitions", "match"]):
                    changed = copied(document)
                    changed["policy"][position]["match"] = value
                    cases.setdefault(f"{word} {toml_text.write(changed)}", (f"policy.match.{word}", judged, changed))
            for name, source in document.get("source", {}).items():
                for word, judged, value in enriched("policies", source, ["definitions", "source"]):
                    changed = copied(document)
                    changed["source"][name] = value
                    cases.setdefault(f"{word} {toml_text.write(changed)}", (f"source.{word}", judged, changed))
        cases = list(cases.values())
        self.assertGreater(len(cases), 1000)
        unseen = self.held(cases, refused_policies([document for _, _, document in cases]), lambda document: refuses("policies", document))
        self.told(unseen, "policies")

    def test_clouds_spoilt_in_every_place(self):
        good = [*toml_text.read((ROOT / "config/revokd.toml").read_text())["clouds"].values(), *toml_text.read(CLOUDS)["clouds"].values()]
        good += [toml_text.read(text) for text in examples.GOOD_CLOUDS]
        cases = []
        for cloud in good:
            cases += [case for case in spoilt(cloud) if isinstance(case[2], dict)]
            cases += enriched("revokd", cloud, ["definitions", "cloud"])
            cases += ((f"auth.{word}", judged, {**cloud, "auth": auth})
                      for word, judged, auth in enriched("revokd", cloud["auth"], ["definitions", "auth"]))
        self.assertGreater(len(cases), 300)
        refusals = refused_clouds([cloud for _, _, cloud in cases])
        self.told(self.held(cases, refusals, lambda cloud: refuses("revokd", {"clouds": {"a": cloud}})), "clouds")

    def test_the_daemon_spoilt_in_every_place(self):
        good = toml_text.read((ROOT / "config/revokd.toml").read_text())["daemon"]
        cases = [case for case in spoilt(good) if isinstance(case[2], dict)]
        cases += enriched("revokd", good, ["properties", "daemon"])
        self.assertGreater(len(cases), 20)
        reasons = [refused_daemon(section) for _, _, section in cases]
        refusals = {position: reason for position, reason in enumerate(reasons) if reason}
        clouds = toml_text.read(CLOUDS)["clouds"]
        self.told(self.held(cases, refusals, lambda section: refuses("revokd", {"daemon": section, "clouds": clouds})), "daemon")

    def by_hand(self, table, refusals, is_refused):
        for position, (text, reason) in enumerate(table):
            self.assertIn(position, refusals, f"check takes it:\n{text}")
            self.assertEqual(is_refused(toml_text.read(text)), reason is None, f"{reason}:\n{text}")

    def test_what_was_broken_by_hand(self):
        policies = refused_policies([toml_text.read(text) for text, _ in examples.BAD])
        self.by_hand(examples.BAD, policies, lambda document: refuses("policies", document))
        clouds = refused_clouds([toml_text.read(text) for text, _ in examples.BAD_CLOUDS])
        self.by_hand(examples.BAD_CLOUDS, clouds, lambda cloud: refuses("revokd", {"clouds": {"a": cloud}}))
        daemons = {position for position, (text, _) in enumerate(examples.BAD_DAEMONS) if refused_daemon(toml_text.read(text))}
        good = toml_text.read(CLOUDS)["clouds"]
        self.by_hand(examples.BAD_DAEMONS, daemons, lambda section: refuses("revokd", {"daemon": section, "clouds": good}))

    def test_a_configuration_without_a_cloud(self):
        for document in ({}, {"clouds": {}}, {"daemon": {}}, {"policy": [], "clouds": toml_text.read(CLOUDS)["clouds"]}):
            self.assertTrue(refuses("revokd", document), document)
