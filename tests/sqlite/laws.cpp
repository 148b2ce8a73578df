// The laws of Storage on tables of SQLite files.
#include <lockstep/sqlite/table.hpp>
#include <lockstep/storage/laws.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <tuple>

using namespace lockstep;
using test::quick;

namespace {

struct Note {
  std::string text;
  std::optional<double> weight;
  friend bool operator==(const Note&, const Note&) = default;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, weight))

/// A table with the key in `id`, and the version where it is looked for.
struct Plain {
  static constexpr bool remembers_erased = false;  // of an erased row SQLite keeps nothing
  test::SqliteFile<> file{
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, weight REAL, lock_version INTEGER)"};
  sqlite::Table<int, Note> notes{file.db, "notes"};

  auto& storage() { return notes; }
  static int key(int number) { return number; }
  static Note record(int number) { return {"note " + std::to_string(number), number + 0.5}; }
};

/// Names that must be quoted, a composite key, a field that is called otherwise.
struct Odd {
  static constexpr bool remembers_erased = false;
  test::SqliteFile<> file{R"(CREATE TABLE "odd ""table""" ("group" TEXT, "select" INTEGER, "the text" TEXT,
    weight REAL, "order" INTEGER NOT NULL DEFAULT 7, unmapped TEXT, PRIMARY KEY ("group", "select")) WITHOUT ROWID)"};
  sqlite::Table<std::tuple<std::string, int>, Note> notes{file.db,
                                                          {.table = "odd \"table\"",
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

template <class Subject>
void check_laws() {
  for (const auto& law : storage_laws<Subject>()) {
    BOOST_TEST_CONTEXT(law.name) { BOOST_CHECK_NO_THROW(law.check()); }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(laws)

BOOST_AUTO_TEST_CASE(a_table_keeps_the_laws_of_storages) { check_laws<Plain>(); }
BOOST_AUTO_TEST_CASE(a_table_of_odd_names_and_a_composite_key_keeps_them) { check_laws<Odd>(); }

BOOST_AUTO_TEST_CASE(it_has_the_capabilities_that_it_says) {
  using S = sqlite::Table<int, Note>;
  static_assert(Storage<S> && LockableStorage<S> && NumberedStorage<S> && AtomicStorage<S> &&
                UnguardedStorage<S>);
  static_assert(LocalStorage<S> && WholeLockStorage<S> && SnapshotStorage<S> && FieldwiseStorage<S>);
  static_assert(SavepointSession<sqlite::Session<>>);
  BOOST_TEST(storage_laws<Plain>().size() == 22U);
}

BOOST_AUTO_TEST_SUITE_END()
