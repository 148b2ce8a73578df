"""Each command of rowctl, and each of its exit statuses: commands_test.py ROWCTL sqlite|postgres"""

import sys
import unittest

from bank import BANKS, Rowctl

COMMANDS = ["schema", "seed", "show", "create", "update", "noop", "touch", "destroy", "load-wait-save",
            "load-wait-destroy", "lock-wait-save", "transfer", "add-loop", "advisory-wait", "advisory-try"]


class Commands(unittest.TestCase):
    program = None
    backend = None

    @classmethod
    def setUpClass(cls):
        cls.bank = BANKS[cls.backend]()
        cls.rowctl = Rowctl(cls.program, cls.bank)
        cls.rowctl("schema")

    @classmethod
    def tearDownClass(cls):
        cls.bank.close()

    def setUp(self):
        self.assertEqual(self.rowctl("seed").status, 0)

    def check(self, result, status, **expected):
        """The status, the last line's `ok` and `error`, and fields of its row."""
        self.assertEqual(result.status, status, result.last)
        self.assertEqual(result.last["ok"], status == 0)
        if "error" in expected:
            self.assertEqual(result.last["error"], expected.pop("error"))
        if "row" in expected:
            self.assertEqual(result.last["row"], expected.pop("row"))
        for name, value in expected.items():
            self.assertEqual(result.row[name], value, result.last)
        return result

    # Rows

    def test_schema_may_be_made_again_and_leaves_rows_alone(self):
        self.check(self.rowctl("schema"), 0)
        self.check(self.rowctl("show", 3), 0, id=3, balance=100, lock_version=0)

    def test_seed_makes_three_rows_in_each_table_and_nothing_else(self):
        self.check(self.rowctl("create", "id=9"), 0)
        self.rowctl("seed")
        for row in (1, 2, 3):
            self.check(self.rowctl("show", row), 0, balance=100, lock_version=0)
            self.check(self.rowctl("show", row, "--table=documents"), 0, balance=100, version_number=0)
        self.check(self.rowctl("show", 9), 4)

    def test_create_draws_a_key_and_begins_at_version_0(self):
        first = self.check(self.rowctl("create", "owner=dan", "balance=7"), 0, owner="dan", balance=7, lock_version=0)
        second = self.check(self.rowctl("create", "owner=eve"), 0, owner="eve", balance=0)
        self.assertEqual([first.row["id"], second.row["id"]], [4, 5])
        self.assertIsNotNone(first.row["created_at"])

    def test_create_draws_again_where_the_key_was_taken_by_hand(self):
        self.rowctl("create", "id=4")
        self.check(self.rowctl("create", "owner=eve"), 0, id=5)

    def test_create_takes_a_key_and_a_version(self):
        self.check(self.rowctl("create", "id=7", "lock_version=42"), 0, id=7, lock_version=42)
        self.check(self.rowctl("update", 7, "balance=1"), 0, lock_version=43)

    def test_create_at_a_taken_key_violates_the_primary_key(self):
        self.check(self.rowctl("create", "id=1", "owner=eve"), 6, error="constraint", owner="ann", lock_version=0)

    def test_update_changes_what_is_named_moves_the_version_and_the_time(self):
        before = self.rowctl("show", 1).row
        row = self.check(self.rowctl("update", 1, "balance=5"), 0, owner="ann", balance=5, lock_version=1).row
        self.assertEqual(row["created_at"], before["created_at"])
        self.assertGreater(row["updated_at"], before["updated_at"])
        self.check(self.rowctl("update", 1, "owner="), 0, owner="", balance=5)

    def test_update_is_guarded_by_the_version_that_the_caller_saw(self):
        self.check(self.rowctl("update", 1, "balance=5", "lock_version=0"), 0, lock_version=1)
        stale = self.check(self.rowctl("update", 1, "balance=6", "lock_version=0"), 3, balance=5, lock_version=1)
        self.assertEqual(stale.last["stale"],
                         [{"record": "accounts[1]", "action": "update", "expected": "0", "actual": "1"}])
        self.check(self.rowctl("update", 1, "lock_version=0"), 3, error="stale")
        self.check(self.rowctl("update", 1, "balance=6", "lock_version=7"), 3, error="stale")

    def test_update_is_guarded_by_a_token(self):
        token = self.rowctl("show", 1).last["token"]
        self.check(self.rowctl("update", 1, "balance=5", f"token={token}"), 0, lock_version=1)
        self.check(self.rowctl("update", 1, "balance=6", f"token={token}"), 3, balance=5)
        self.check(self.rowctl("update", 2, "balance=6", f"token={token}"), 2, error="token", balance=100)
        self.check(self.rowctl("update", 1, "balance=6", f"token={token[:-1]}"), 2, error="token", balance=5)
        self.check(self.rowctl("update", 1, "balance=6", "token="), 2, error="token", balance=5)

    def test_documents_have_their_own_version_column(self):
        self.check(self.rowctl("update", 1, "balance=5", "--table=documents"), 0, version_number=1)
        self.check(self.rowctl("update", 1, "balance=6", "version_number=0", "--table=documents"), 3)
        self.check(self.rowctl("update", 1, "balance=6", "lock_version=1", "--table=documents"), 0, version_number=2)
        self.check(self.rowctl("show", 1), 0, balance=100, lock_version=0)

    def test_what_does_not_change_is_not_written(self):
        before = self.rowctl("show", 1).row
        self.check(self.rowctl("noop", 1), 0, row=before)
        self.check(self.rowctl("update", 1, "owner=ann", "balance=100"), 0, row=before)

    def test_touch_moves_the_version_and_the_time_alone(self):
        before = self.rowctl("show", 1).row
        row = self.check(self.rowctl("touch", 1), 0, balance=100, lock_version=1).row
        self.assertGreater(row["updated_at"], before["updated_at"])

    def test_destroy_is_guarded(self):
        self.rowctl("touch", 1)
        self.check(self.rowctl("destroy", 1, "lock_version=0"), 3, error="stale", lock_version=1)
        self.check(self.rowctl("destroy", 1, "lock_version=1"), 0, row=None)
        self.check(self.rowctl("destroy", 1), 4, row=None)
        self.check(self.rowctl("destroy", 2), 0, row=None)

    def test_a_row_that_is_not_there_is_missing(self):
        for command in (["show", 9], ["update", 9, "balance=1"], ["noop", 9], ["touch", 9], ["destroy", 9],
                        ["load-wait-save", 9], ["load-wait-destroy", 9], ["lock-wait-save", 9], ["transfer", 1, 9, 5],
                        ["transfer", 9, 1, 5], ["add-loop", 9, 1, 1]):
            with self.subTest(command=command):
                self.assertEqual(self.check(self.rowctl(*command), 4, error="missing").last["ok"], False)
        self.check(self.rowctl("show", 1), 0, balance=100, lock_version=0)

    def test_a_constraint_of_the_table_is_named(self):
        broken = self.check(self.rowctl("update", 1, "balance=-1"), 6, error="constraint", balance=100, lock_version=0)
        self.assertEqual(broken.last["constraint"], "balance_not_negative")
        self.check(self.rowctl("create", "balance=-1"), 6, error="constraint")
        self.check(self.rowctl("add-loop", 1, 3, -60), 6, balance=40, lock_version=1)

    # Waiting

    def test_load_wait_save_saves_what_is_named_if_nobody_else_has_saved(self):
        with self.rowctl.started("load-wait-save", 1, "owner=zoe") as run:
            self.assertEqual(run.event("loaded")["row"]["lock_version"], 0)
            self.check(run.end(), 0, owner="zoe", balance=100, lock_version=1)

    def test_load_wait_save_is_stale_if_somebody_has(self):
        with self.rowctl.started("load-wait-save", 1, "owner=zoe") as run:
            run.event("loaded")
            self.rowctl("update", 1, "balance=5")
            self.check(run.end(), 3, owner="ann", balance=5, lock_version=1)

    def test_load_wait_save_is_stale_if_the_row_is_gone(self):
        with self.rowctl.started("load-wait-save", 1, "owner=zoe") as run:
            run.event("loaded")
            self.rowctl("destroy", 1)
            gone = self.check(run.end(), 3, row=None)
            self.assertEqual(gone.last["stale"][0]["actual"], "absent")

    def test_load_wait_save_does_nothing_if_its_input_ends(self):
        self.check(self.rowctl("load-wait-save", 1, "owner=zoe"), 7, owner="ann", lock_version=0)

    def test_load_wait_destroy_erases_what_was_loaded_alone(self):
        with self.rowctl.started("load-wait-destroy", 1) as run:
            run.event("loaded")
            self.rowctl("touch", 1)
            self.check(run.end(), 3, lock_version=1)
        with self.rowctl.started("load-wait-destroy", 1) as run:
            run.event("loaded")
            self.check(run.end(), 0, row=None)

    def test_lock_wait_save_holds_others_back(self):
        with self.rowctl.started("lock-wait-save", 1, "owner=zoe") as run:
            run.event("locked")
            self.check(self.rowctl("lock-wait-save", 1, "--nowait"), 5, error="locked", owner="ann")
            self.check(self.rowctl("lock-wait-save", 1, "--skip-locked"), 5, error="locked", owner="ann")
            self.check(self.rowctl("show", 1), 0, owner="ann")  # loads do not wait
            self.check(run.end(), 0, owner="zoe", lock_version=1)
        self.check(self.rowctl("lock-wait-save", 1, "--nowait", "owner=yan", line="\n"), 0, owner="yan", lock_version=2)
        self.check(self.rowctl("lock-wait-save", 1, "--skip-locked", "owner=xia", line="\n"), 0, lock_version=3)

    def test_a_lock_is_the_rows_or_in_sqlite_the_databases(self):
        with self.rowctl.started("lock-wait-save", 1) as run:
            run.event("locked")
            self.check(self.rowctl("lock-wait-save", 2, "--nowait", "owner=yan", line="\n"),
                       5 if self.backend == "sqlite" else 0)
            self.check(run.end(), 0, lock_version=0)

    def test_a_lock_that_others_wait_for_is_handed_on(self):
        with self.rowctl.started("lock-wait-save", 1, "balance=1") as first:
            first.event("locked")
            with self.rowctl.started("lock-wait-save", 1, "owner=zoe") as second:
                first.go_on()
                self.assertEqual(second.event("locked")["row"]["balance"], 1)
                self.check(second.end(), 0, owner="zoe", balance=1, lock_version=2)

    # Transfers

    def test_transfer_moves_money_or_nothing(self):
        done = self.check(self.rowctl("transfer", 1, 2, 30), 0, balance=70, lock_version=1)
        self.assertEqual([row["balance"] for row in done.last["rows"]], [70, 130])
        self.check(self.rowctl("transfer", 1, 2, 71), 6, error="insufficient funds", balance=70)
        self.check(self.rowctl("transfer", 1, 1, 5), 2, balance=70)
        self.check(self.rowctl("transfer", 1, 2, 0), 2, balance=70)
        self.check(self.rowctl("transfer", 1, 2, "--", -5), 2, balance=70)
        self.rowctl("update", 3, f"balance={2**63 - 1}")
        self.check(self.rowctl("transfer", 1, 3, 1), 6, error="overflow", balance=70)

    def test_transfer_runs_again_if_a_leg_has_moved(self):
        with self.rowctl.started("transfer", 1, 2, 30, "--pause") as run:
            run.event("ready")
            self.rowctl("update", 2, "balance=50")
            done = self.check(run.end(), 0, balance=70, lock_version=1)
        self.assertEqual([row["balance"] for row in done.last["rows"]], [70, 80])

    def test_transfer_once_is_stale_if_a_leg_has_moved(self):
        with self.rowctl.started("transfer", 1, 2, 30, "--pause", "--once") as run:
            run.event("ready")
            self.rowctl("update", 2, "balance=50")
            stale = self.check(run.end(), 3, balance=100, lock_version=0)
        self.assertEqual([member["record"] for member in stale.last["stale"]], ["accounts[2]"])
        self.check(self.rowctl("show", 2), 0, balance=50, lock_version=1)

    def test_add_loops_at_once_lose_nothing(self):
        with self.rowctl.started("add-loop", 1, 40, 1, "--pause") as first, \
             self.rowctl.started("add-loop", 1, 40, -2, "--pause") as second:
            for run in (first, second):
                run.event("ready")
            for run in (first, second):
                run.go_on()
            self.check(first.result(), 0)
            self.check(second.result(), 0)
        self.check(self.rowctl("show", 1), 0, balance=60, lock_version=80)

    # Advisory locks

    def test_an_advisory_lock_has_one_holder(self):
        with self.rowctl.started("advisory-wait", "report") as run:
            run.event("locked")
            self.check(self.rowctl("advisory-try", "report"), 5, error="locked")
            self.check(self.rowctl("advisory-try", "other"), 0)
            self.check(run.end(), 0)
        self.check(self.rowctl("advisory-try", "report"), 0)

    # Usage

    def test_what_makes_no_sense_has_status_2_and_touches_nothing(self):
        for command in ([], ["bogus"], ["show"], ["show", "one"], ["show", 99999999999], ["show", 1, 2],
                        ["show", 1, "--table=orders"], ["update", 1, "balance=much"], ["update", 1, "balance=5x"],
                        ["update", 1, f"balance={2**63}"], ["update", 1, "balance"], ["update", 1, "colour=red"],
                        ["update", 1, "id=2"], ["update", 1, "created_at=now"], ["update", 1, "lock_version=-1"],
                        ["update", 1, f"lock_version={2**63}"], ["create", "token=x"], ["noop", 1, "owner=zoe"],
                        ["load-wait-save", 1, "lock_version=0"], ["lock-wait-save", 1, "--nowait", "--skip-locked"],
                        ["transfer", 1, 2], ["add-loop", 1, -1, 5], ["advisory-try"]):
            with self.subTest(command=command):
                result = self.check(self.rowctl(*command), 2, error="usage")
                self.assertIn("--help", result.errors)
        self.check(self.rowctl("show", 1), 0, owner="ann", balance=100, lock_version=0)

    def test_a_dsn_says_which_storage(self):
        for dsn in ("bank.sqlite", "mysql:bank", ""):
            self.check(self.rowctl.told(dsn, "show", 1), 2, error="usage")
        self.check(self.rowctl.told("sqlite:/nowhere/bank.sqlite", "schema"), 7)
        self.check(self.rowctl.told("pg:host=/nowhere", "schema"), 7, error="connection lost")

    def test_help_is_there_for_everything(self):
        text = self.rowctl.told("--help")
        self.assertEqual(text.status, 0)
        for command in COMMANDS:
            self.assertIn(command, text.errors)
            help_of = self.rowctl(command, "--help")
            self.assertEqual(help_of.status, 0)
            self.assertIn(f"rowctl {command}", help_of.errors)


if __name__ == "__main__":
    Commands.program, Commands.backend = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
