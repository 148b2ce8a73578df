"""What lockstep-sim writes with --json is what docs/lockstep-sim.schema.json says, and what it does not say is refused.

    schema_test.py SCHEMA PROGRAM...
"""

import copy
import json
import subprocess
import sys
import unittest

import jsonschema

SCHEMA, *PROGRAMS = sys.argv[1:]


def written_by(program, *arguments):
    told = subprocess.run([program, *arguments, "--json", "-"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(told.stdout)


class Schema(unittest.TestCase):
    def setUp(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def refused(self, document):
        return not self.validator.is_valid(document)

    def test_every_document_is_valid(self):
        for program in PROGRAMS:
            catalogue = written_by(program, "list")
            self.validator.validate(catalogue)
            names = [scenario["name"] for scenario in catalogue["scenarios"]]
            results = written_by(program, "run", "--executions", "50", "--quiet",
                                 *(name for name in names if not name.startswith(("endless", "terminates"))))
            self.validator.validate(results)
            tokens = [scenario["token"] for scenario in results["scenarios"] if scenario["token"]]
            self.assertTrue(tokens)
            for command in "replay", "explain", "shrink":
                self.validator.validate(written_by(program, command, tokens[0]))

    def test_what_a_document_lacks_or_has_too_much_is_refused(self):
        document = written_by(PROGRAMS[0], "run", "lost_update/naive")
        parts = [lambda d: d, lambda d: d["scenarios"][0], lambda d: d["scenarios"][0]["finding"],
                 lambda d: d["scenarios"][0]["finding"]["source"], lambda d: d["scenarios"][0]["finding"]["steps"][0]]
        for part in parts:
            for name in part(document):
                lacking = copy.deepcopy(document)
                del part(lacking)[name]
                self.assertTrue(self.refused(lacking), name)
            more = copy.deepcopy(document)
            part(more)["more"] = 1
            self.assertTrue(self.refused(more))

    def test_a_kind_that_is_none_is_refused(self):
        document = written_by(PROGRAMS[0], "run", "lost_update/naive")
        document["scenarios"][0]["finding"]["kind"] = "bug"
        self.assertTrue(self.refused(document))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
