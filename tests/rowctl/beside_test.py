"""rowctl beside another program at the same rows, each as the one that comes too late:

    beside_test.py ROWCTL activerecord|sqlalchemy COMMAND...   the command starts the peer
"""

import sys
import unittest

from bank import PostgresBank, Rowctl, SqliteBank
from peer import Peer

# What each peer calls a lost race, a constraint, and a lock or database that somebody else has.
STALE = {"activerecord": "ActiveRecord::StaleObjectError", "sqlalchemy": "StaleDataError"}
VIOLATED = {"activerecord": "ActiveRecord::StatementInvalid", "sqlalchemy": "IntegrityError"}
LOCKED = {"activerecord": ("ActiveRecord::LockWaitTimeout", "SQLite3::BusyException", "ActiveRecord::StatementInvalid"),
          "sqlalchemy": ("OperationalError",)}


class Beside:
    """The cases, for each database."""

    program = None
    kind = None
    peer = None
    make_bank = None

    @classmethod
    def setUpClass(cls):
        cls.bank = cls.make_bank()
        cls.rowctl = Rowctl(cls.program, cls.bank)
        cls.rowctl("schema")

    @classmethod
    def tearDownClass(cls):
        cls.bank.close()

    def setUp(self):
        self.rowctl("seed")
        self.told("connect", dsn=self.bank.dsn)

    # What the peer says

    def told(self, op, **arguments):
        answer = self.peer(op, **arguments)
        self.assertTrue(answer["ok"], answer)
        return answer

    def load(self, name, row=1, **arguments):
        return self.told("load", name=name, id=row, **arguments)["row"]

    def refused(self, answer, *errors):
        self.assertFalse(answer["ok"], answer)
        self.assertIn(answer["error"], errors, answer)

    def stale(self, op, **arguments):
        self.refused(self.peer(op, **arguments), STALE[self.kind])

    # What rowctl says

    def stored(self, row=1, *options):
        shown = self.rowctl("show", row, *options)
        return shown.row if shown.status == 0 else None

    def check(self, result, status, **expected):
        self.assertEqual(result.status, status, result.last)
        for name, value in expected.items():
            self.assertEqual(result.row[name], value, result.last)

    # Stale

    def test_the_peers_stale_update_is_refused(self):
        self.load("mine")
        self.check(self.rowctl("update", 1, "balance=5"), 0, lock_version=1)
        self.stale("save", name="mine", owner="zoe")
        self.assertEqual(self.load("again"), {"id": 1, "owner": "ann", "balance": 5, "lock_version": 1})
        self.assertEqual(self.told("save", name="again", owner="zoe")["row"]["lock_version"], 2)

    def test_rowctls_stale_update_is_refused(self):
        with self.rowctl.started("load-wait-save", 1, "owner=zoe") as run:
            run.event("loaded")
            self.load("theirs")
            self.told("save", name="theirs", balance=5)
            self.check(run.end(), 3, owner="ann", balance=5, lock_version=1)
        self.check(self.rowctl("update", 1, "owner=zoe"), 0, lock_version=2)

    def test_the_peers_stale_destroy_is_refused(self):
        self.load("mine")
        self.rowctl("touch", 1)
        self.stale("destroy", name="mine")
        self.assertEqual(self.stored()["lock_version"], 1)
        self.load("again")
        self.told("destroy", name="again")
        self.assertIsNone(self.stored())

    def test_rowctls_stale_destroy_is_refused(self):
        with self.rowctl.started("load-wait-destroy", 1) as run:
            run.event("loaded")
            self.load("theirs")
            self.told("touch", name="theirs")
            self.check(run.end(), 3, lock_version=1)

    def test_a_row_that_is_gone_is_stale_for_the_peer(self):
        self.load("mine")
        self.load("other")
        self.rowctl("destroy", 1)
        self.stale("save", name="mine", owner="zoe")
        self.stale("destroy", name="other")

    def test_a_row_that_is_gone_is_stale_for_rowctl(self):
        for command in (("load-wait-save", 1, "owner=zoe"), ("load-wait-destroy", 2)):
            with self.rowctl.started(*command) as run:
                run.event("loaded")
                self.load("theirs", command[1])
                self.told("destroy", name="theirs")
                self.check(run.end(), 3)
        self.check(self.rowctl("update", 1, "owner=zoe"), 4)

    def test_a_version_on_its_way_through_a_form_guards_on_both_sides(self):
        seen = self.rowctl("show", 1)
        self.load("theirs")
        self.told("save", name="theirs", balance=5)
        self.check(self.rowctl("update", 1, "balance=6", "token=" + seen.last["token"]), 3, balance=5)
        self.check(self.rowctl("update", 1, "balance=6", f"lock_version={seen.row['lock_version']}"), 3, balance=5)
        now = self.rowctl("show", 1)
        self.check(self.rowctl("update", 1, "balance=6", "token=" + now.last["token"]), 0, balance=6, lock_version=2)

    def test_what_does_not_change_moves_no_version(self):
        self.load("mine")
        with self.rowctl.started("load-wait-save", 1, "balance=5") as run:
            run.event("loaded")
            self.assertEqual(self.told("save", name="mine", owner="ann")["row"]["lock_version"], 0)
            self.check(self.rowctl("noop", 1), 0, lock_version=0)
            self.check(run.end(), 0, balance=5, lock_version=1)

    def test_a_touch_makes_others_stale(self):
        self.load("mine")
        self.check(self.rowctl("touch", 1), 0, lock_version=1)
        self.stale("save", name="mine", owner="zoe")

    def test_new_rows_of_each_are_rows_of_the_other(self):
        created = self.told("create", owner="dan", balance=3)["row"]
        self.assertEqual(created["lock_version"], 0)
        self.check(self.rowctl("update", created["id"], "balance=4", "lock_version=0"), 0, owner="dan", lock_version=1)
        row = self.rowctl("create", "owner=eve").row
        self.load("theirs", row["id"])
        self.assertEqual(self.told("save", name="theirs", balance=8)["row"]["lock_version"], 1)
        again = self.told("create", owner="fay", balance=0)["row"]
        self.assertEqual(again["id"], row["id"] + 1)

    def test_a_version_column_of_another_name_guards_as_well(self):
        self.load("mine", table="documents")
        self.check(self.rowctl("update", 1, "balance=5", "--table=documents"), 0, version_number=1)
        self.stale("save", name="mine", owner="zoe")
        with self.rowctl.started("load-wait-save", 2, "owner=zoe", "--table=documents") as run:
            run.event("loaded")
            self.load("theirs", 2, table="documents")
            self.assertEqual(self.told("save", name="theirs", balance=5)["row"]["version_number"], 1)
            self.check(run.end(), 3, version_number=1)

    def test_null_counts_as_0(self):
        self.told("forget_version", id=1)
        self.check(self.rowctl("show", 1), 0, lock_version=0)
        self.load("mine")
        with self.rowctl.started("load-wait-save", 1, "owner=zoe") as late:  # of two readers of NULL
            late.event("loaded")
            self.check(self.rowctl("update", 1, "balance=5", "lock_version=0"), 0, lock_version=1)
            self.check(late.end(), 3, lock_version=1)
        answer = self.peer("save", name="mine", owner="zoe")
        if self.kind == "activerecord":
            self.refused(answer, STALE[self.kind])
            self.told("forget_version", id=2)
            self.load("first", 2)
            with self.rowctl.started("load-wait-save", 2, "owner=zoe") as late:
                late.event("loaded")
                self.assertEqual(self.told("save", name="first", balance=5)["row"]["lock_version"], 1)
                self.check(late.end(), 3, balance=5, lock_version=1)
        else:  # SQLAlchemy cannot write a row whose version is NULL; once rowctl has, it can
            self.refused(answer, "StatementError", STALE[self.kind])
            self.load("again")
            self.assertEqual(self.told("save", name="again", owner="zoe")["row"]["lock_version"], 2)

    def test_a_row_whose_version_is_null_can_be_touched_and_destroyed(self):
        for row in (1, 2):
            self.told("forget_version", id=row)
        self.check(self.rowctl("touch", 1), 0, lock_version=1)
        self.check(self.rowctl("destroy", 2, "lock_version=0"), 0)

    # Constraints and transactions

    def test_a_constraint_refuses_both_and_leaves_the_row_writable(self):
        self.load("mine")
        self.check(self.rowctl("update", 1, "balance=-1"), 6, balance=100, lock_version=0)
        self.refused(self.peer("save", name="mine", balance=-1), VIOLATED[self.kind])
        self.assertEqual(self.stored()["balance"], 100)
        self.load("mine")
        self.assertEqual(self.told("save", name="mine", balance=1)["row"]["lock_version"], 1)

    def test_the_peers_transfer_with_a_stale_leg_moves_nothing(self):
        for moved in (1, 2):
            with self.subTest(leg=moved):
                self.rowctl("seed")
                self.load("from", 1)
                self.load("to", 2)
                self.rowctl("touch", moved)
                self.stale("transfer", source="from", to="to", amount=30)
                self.assertEqual([self.stored(row)["balance"] for row in (1, 2)], [100, 100])

    def test_rowctls_transfer_with_a_stale_leg_moves_nothing(self):
        for moved in (1, 2):
            with self.subTest(leg=moved):
                self.rowctl("seed")
                with self.rowctl.started("transfer", 1, 2, 30, "--pause", "--once") as run:
                    run.event("ready")
                    self.load("leg", moved)
                    self.told("save", name="leg", balance=90)
                    self.check(run.end(), 3)
                self.assertEqual(sum(self.stored(row)["balance"] for row in (1, 2)), 190)

    def test_rowctls_transfer_is_run_again_on_what_the_peer_has_left(self):
        with self.rowctl.started("transfer", 1, 2, 30, "--pause") as run:
            run.event("ready")
            self.load("leg", 2)
            self.told("save", name="leg", balance=90)
            self.check(run.end(), 0, balance=70, lock_version=1)
        self.assertEqual(self.stored(2)["balance"], 120)

    def test_contended_increments_are_all_there(self):
        times = 40
        with self.rowctl.started("add-loop", 1, times, 1, "--pause") as run:
            run.event("ready")
            self.peer.send("add_loop", id=1, times=times, delta=1)
            run.go_on()
            self.assertTrue(self.peer.answer()["ok"])
            self.check(run.result(), 0)
        self.assertEqual([self.stored()[name] for name in ("balance", "lock_version")], [100 + 2 * times, 2 * times])

    # Locks

    def test_the_peers_lock_is_respected(self):
        self.told("lock", name="held", id=1)
        self.check(self.rowctl("lock-wait-save", 1, "--nowait"), 5, owner="ann")
        self.check(self.rowctl("lock-wait-save", 1, "--skip-locked"), 5, owner="ann")
        self.check(self.rowctl("show", 1), 0)
        with self.rowctl.started("lock-wait-save", 1, "owner=zoe") as run:
            self.told("release", name="held", balance=5)
            self.assertEqual(run.event("locked")["row"]["balance"], 5)
            self.check(run.end(), 0, owner="zoe", balance=5, lock_version=2)

    def test_rowctls_lock_is_respected(self):
        self.load("loaded")
        with self.rowctl.started("lock-wait-save", 1, "owner=zoe") as run:
            run.event("locked")
            self.refused(self.peer("lock", name="mine", id=1, wait=False), *LOCKED[self.kind])
            self.peer.send("save", name="loaded", balance=5)  # waits, and is stale then
            self.check(run.end(), 0, owner="zoe", lock_version=1)
            self.refused(self.peer.answer(), STALE[self.kind])
        self.assertEqual(self.told("lock", name="mine", id=1, wait=False)["row"]["owner"], "zoe")
        self.told("release", name="mine", balance=7)
        self.check(self.rowctl("show", 1), 0, balance=7, lock_version=2)


class OnSqlite(Beside, unittest.TestCase):
    make_bank = SqliteBank

    def test_lock_of_activerecord_locks_nothing(self):
        if self.kind != "activerecord":
            self.skipTest("of ActiveRecord")
        self.peer.send("lock_in_transaction", id=1, owner="zoe")
        self.assertEqual(self.peer.answer(), {"event": "paused"})
        self.check(self.rowctl("update", 1, "balance=5"), 0, lock_version=1)
        self.peer.go_on()
        self.refused(self.peer.answer(), *LOCKED["activerecord"])  # and fails at once, whatever its time limit
        self.assertEqual(self.stored()["owner"], "ann")


class OnPostgres(Beside, unittest.TestCase):
    make_bank = PostgresBank

    def test_lock_of_activerecord_is_the_rows(self):
        if self.kind != "activerecord":
            self.skipTest("of ActiveRecord")
        self.peer.send("lock_in_transaction", id=1, owner="zoe")
        self.assertEqual(self.peer.answer(), {"event": "paused"})
        self.check(self.rowctl("lock-wait-save", 1, "--nowait"), 5)
        self.check(self.rowctl("update", 2, "balance=5"), 0)
        self.peer.go_on()
        self.assertEqual(self.peer.answer()["row"]["owner"], "zoe")

    def test_an_advisory_lock_is_the_same_for_both(self):
        name = "nightly report ä"
        with self.rowctl.started("advisory-wait", name) as run:
            run.event("locked")
            self.assertFalse(self.told("advisory", name=name, function="pg_try_advisory_lock")["got"])
            self.check(run.end(), 0)
        self.assertTrue(self.told("advisory", name=name, function="pg_try_advisory_lock")["got"])
        self.check(self.rowctl("advisory-try", name), 5)
        self.assertTrue(self.told("advisory", name=name, function="pg_advisory_unlock")["got"])
        self.check(self.rowctl("advisory-try", name), 0)


def unguarded(test):
    """A case of what ActiveRecord does past its own versions."""
    for case in (OnSqlite, OnPostgres):
        setattr(case, test.__name__, test)


@unguarded
def test_what_update_column_wrote_stays_as_rowctl_names_only_what_it_changes(self):
    if self.kind != "activerecord":
        self.skipTest("of ActiveRecord")
    with self.rowctl.started("load-wait-save", 1, "balance=5") as run:
        run.event("loaded")
        self.told("update_column", id=1, owner="zoe")  # moves no version: nobody can know
        self.check(run.end(), 0, owner="zoe", balance=5, lock_version=1)


@unguarded
def test_increment_counter_moves_the_version(self):
    if self.kind != "activerecord":
        self.skipTest("of ActiveRecord")
    with self.rowctl.started("load-wait-save", 1, "balance=5") as run:
        run.event("loaded")
        self.told("increment_counter", id=1)
        self.check(run.end(), 3, balance=101, lock_version=1)


@unguarded
def test_update_all_moves_the_version(self):
    if self.kind != "activerecord":
        self.skipTest("of ActiveRecord")
    with self.rowctl.started("load-wait-save", 1, "balance=5") as run:
        run.event("loaded")
        self.told("update_all", id=1, owner="zoe")
        self.check(run.end(), 3, owner="zoe", balance=100, lock_version=1)


@unguarded
def test_a_record_saved_in_a_transaction_that_rolled_back_must_be_reloaded_before_rails_8_2(self):
    if self.kind != "activerecord":
        self.skipTest("of ActiveRecord")
    self.load("mine")
    self.told("roll_back", name="mine", owner="zoe")
    self.assertEqual(self.stored()["lock_version"], 0)
    if tuple(map(int, self.told("connect", dsn=self.bank.dsn)["version"].split(".")[:2])) < (8, 2):
        self.load("mine")
        self.told("roll_back", name="mine", owner="zoe")
        self.stale("save", name="mine", owner="yan")


if __name__ == "__main__":
    Beside.program, Beside.kind, *start = sys.argv[1:]
    Beside.peer = Peer(start)
    try:
        unittest.main(argv=sys.argv[:1])
    finally:
        Beside.peer.close()
