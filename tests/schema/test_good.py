"""What `check` takes, the schemas take."""
import subprocess
import unittest

import examples
import toml_text
from jsonschema import Draft7Validator
from world import REVOKD, ROOT, SCHEMAS, VALIDATORS, documented, refused_clouds, refused_policies, shipped


class Good(unittest.TestCase):
    def taken(self, schema, document, place):
        errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATORS[schema].iter_errors(document)]
        self.assertEqual(errors, [], place)

    def test_the_schemas_are_schemas_and_are_what_the_program_prints(self):
        for name, arguments in (("revokd", ["revokd"]), ("policies", ["policies"]), ("policies", [])):
            Draft7Validator.check_schema(SCHEMAS[name])
            printed = subprocess.run([REVOKD, "schema", *arguments], capture_output=True, text=True, check=True).stdout
            self.assertEqual(printed, (ROOT / f"config/schema/{name}.schema.json").read_text())

    def test_every_shipped_file_is_taken(self):
        paths = list(shipped())
        self.assertGreater(len(paths), 10)
        for schema, path in paths:
            self.taken(schema, toml_text.read(path.read_text()), path)

    def test_every_example_of_the_documents_is_taken(self):
        blocks = list(documented())
        self.assertEqual({schema for schema, _, _ in blocks}, {"revokd", "policies"})
        self.assertGreater(len(blocks), 18)
        for schema, place, text in blocks:
            self.taken(schema, toml_text.read(text), place)

    def test_what_is_odd_and_good_is_taken_by_both(self):
        documents = [toml_text.read(text) for text in examples.GOOD]
        self.assertEqual(refused_policies(documents), {})
        clouds = [toml_text.read(text) for text in examples.GOOD_CLOUDS]
        self.assertEqual(refused_clouds(clouds), {})
        for text, document in zip(examples.GOOD, documents):
            self.taken("policies", document, text)
        for text, cloud in zip(examples.GOOD_CLOUDS, clouds):
            self.taken("revokd", {"clouds": {"a": cloud}}, text)
