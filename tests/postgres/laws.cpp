// The laws of Storage on tables of PostgreSQL.
#include <lockstep/postgres/table.hpp>
#include <lockstep/storage/laws.hpp>

#include "support/postgres_bank.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <tuple>

using namespace lockstep;

namespace {

struct Note {
  std::string text;
  std::optional<double> weight;
  friend bool operator==(const Note&, const Note&) = default;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, weight))

/// A table with the key in `id`, and the version where it is looked for.
template <postgres::Isolation Level>
struct Plain {
  static constexpr bool remembers_erased =
      false;  // of an erased row PostgreSQL keeps nothing that can be asked for
  test::PostgresTables<> tables{
      "CREATE TABLE notes (id integer PRIMARY KEY, text text, weight double precision, lock_version integer)",
      {.isolation = Level}};
  postgres::Table<int, Note> notes{tables.db, "notes"};

  auto& storage() { return notes; }
  static int key(int number) { return number; }
  static Note record(int number) { return {"note " + std::to_string(number), number + 0.5}; }
};

/// Names that must be quoted, a composite key, a field that is called otherwise.
struct Odd {
  static constexpr bool remembers_erased = false;
  test::PostgresTables<> tables{R"(CREATE TABLE "lockstep_now ""table""" ("group" text, "select" integer,
    "the text" text, weight double precision, "order" bigint NOT NULL DEFAULT 7, unmapped text,
    PRIMARY KEY ("group", "select")))"};
  postgres::Table<std::tuple<std::string, int>, Note> notes{tables.db,
                                                            {.table = "lockstep_now \"table\"",
                                                             .key = {"group", "select"},
                                                             .columns = {{"text", "the text"}},
                                                             .version = "order"}};

  auto& storage() { return notes; }
  static std::tuple<std::string, int> key(int number) {
    return {number % 2 == 0 ? "even" : "it's; odd", number};
  }
  static Note record(int number) {
    return {"'); DROP TABLE notes; -- " + std::to_string(number), std::nullopt};
  }
};

/// A table without a version column.
struct Unversioned {
  static constexpr bool remembers_erased = true;  // xmin is another one for each transaction
  test::PostgresTables<> tables{
      "CREATE TABLE notes (id integer PRIMARY KEY, text text, weight double precision)"};
  postgres::Table<int, Note> notes{tables.db, "notes"};

  auto& storage() { return notes; }
  static int key(int number) { return number; }
  static Note record(int number) { return {"note " + std::to_string(number), number + 0.5}; }
};

template <class Subject>
void check_laws() {
  for (const auto& law : storage_laws<Subject>()) {
    try {
      law.check();
    } catch (const LawBroken& broken) {
      BOOST_ERROR(law.name + ": " + broken.what());
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(laws)

BOOST_AUTO_TEST_CASE(a_table_keeps_the_laws_of_storages) {
  check_laws<Plain<postgres::Isolation::repeatable_read>>();
}
BOOST_AUTO_TEST_CASE(it_keeps_them_where_nothing_is_read_from_a_snapshot) {
  check_laws<Plain<postgres::Isolation::read_committed>>();
}
BOOST_AUTO_TEST_CASE(a_table_of_odd_names_and_a_composite_key_keeps_them) { check_laws<Odd>(); }
BOOST_AUTO_TEST_CASE(a_table_without_a_version_column_keeps_them) { check_laws<Unversioned>(); }

BOOST_AUTO_TEST_CASE(it_has_the_capabilities_that_it_says) {
  using S = postgres::Table<int, Note>;
  static_assert(Storage<S> && LockableStorage<S> && NumberedStorage<S> && AtomicStorage<S> &&
                UnguardedStorage<S> && PrefetchStorage<S>);
  static_assert(!LocalStorage<S> && !WholeLockStorage<S> && SnapshotStorage<S> && FieldwiseStorage<S>);
  static_assert(SavepointSession<postgres::Session<>>);
  BOOST_TEST(storage_laws<Odd>().size() == 23U);
}

BOOST_AUTO_TEST_SUITE_END()
