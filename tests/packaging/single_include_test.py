"""single_include/ is what include/ makes, and nothing of it is forgotten."""

import re
import subprocess
import unittest

import checkout

SCRIPT = checkout.ROOT / "scripts/single-include"
SINGLE = (checkout.ROOT / "single_include/lockstep/lockstep.hpp").read_text()

# Not in the umbrella, and so not in the one file: they would make it dearer for those who want tables.
CELLS = {f"lockstep/memory/{part}.hpp" for part in ("pace", "word", "reclaimer", "cell", "cell_transaction")} | {
    "lockstep/verbs/cell.hpp", "lockstep/verbs/cells.hpp"}
FLAT = {"lockstep/memory/flat_table.hpp", "lockstep/memory/seeded_hash.hpp", "lockstep/verbs/flat_table.hpp"}
ONCE = {"lockstep/verbs/once.hpp", "lockstep/storage/receipt.hpp", "lockstep/core/fingerprint.hpp"}
BULK = {"lockstep/verbs/update_all.hpp", "lockstep/storage/bulk.hpp"}
NAMES = {"lockstep/verbs/advisory.hpp", "lockstep/memory/advisory.hpp", "lockstep/core/crc32.hpp"}
MONEY = {"lockstep/core/decimal.hpp"}


class SingleInclude(unittest.TestCase):
    def test_it_is_current(self):
        said = subprocess.run([SCRIPT, "--check"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((said.returncode, said.stdout), (0, ""))

    def test_it_holds_the_core_the_verbs_and_the_embedded_storage(self):
        parts = set(re.findall(r"^// ---- (.*)$", SINGLE, re.MULTILINE))
        wanted = {str(header) for header in checkout.headers("library")
                  if header.parts[1] in ("core", "verbs", "memory", "storage", "runtime")}
        self.assertEqual(wanted - parts, {"lockstep/storage/laws.hpp", *CELLS, *FLAT, *ONCE, *NAMES, *BULK, *MONEY},
                         "the laws are for those who write a storage, the others for those who use them")

    def test_it_includes_nothing_of_ours(self):
        self.assertNotIn("#include <lockstep/", SINGLE)


if __name__ == "__main__":
    unittest.main()
