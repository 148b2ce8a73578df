// The text of statements, and that names are quoted in it.
#include <lockstep/sql/statements.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace lockstep;
using sql::detail::Dialect;
using sql::detail::Statements;

namespace {

constexpr Dialect questions{.numbered = false};
constexpr Dialect numbers{.numbered = true};

Statements of(const Dialect& dialect, const std::string& version = "v") {
  return {{"t", {"a", "b"}, {"x", "y"}, version, "made", "changed", {}, {}, {}, {}}, dialect};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(statements)

BOOST_AUTO_TEST_CASE(identifiers_are_quoted_whatever_they_contain) {
  BOOST_TEST(sql::quoted("order") == "\"order\"");
  BOOST_TEST(sql::quoted("x\" = 1; DROP TABLE t; --") == "\"x\"\" = 1; DROP TABLE t; --\"");
}

BOOST_AUTO_TEST_CASE(reads_give_the_version_first) {
  BOOST_TEST(of(questions).select() == R"(SELECT "v", "x", "y" FROM "t" WHERE "a" = ? AND "b" = ?)");
  BOOST_TEST(of(questions).select_version() == R"(SELECT "v" FROM "t" WHERE "a" = ? AND "b" = ?)");
}

BOOST_AUTO_TEST_CASE(an_update_names_what_changed_and_guards_the_version) {
  BOOST_TEST(of(numbers).update(std::array{false, true}, true) ==
             R"(UPDATE "t" SET "y" = $1, "v" = $2, "changed" = $3 WHERE "a" = $4 AND "b" = $5 )"
             R"(AND COALESCE("v", 0) = $6)");
  BOOST_TEST(of(questions).update(std::array{false, false}, false) ==
             R"(UPDATE "t" SET "v" = ?, "changed" = ? WHERE "a" = ? AND "b" = ?)");
}

BOOST_AUTO_TEST_CASE(an_insert_leaves_a_row_that_is_there_alone) {
  BOOST_TEST(of(numbers).insert() ==
             R"(INSERT INTO "t" ("a", "b", "v", "x", "y", "made", "changed") )"
             R"(VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT ("a", "b") DO NOTHING)");
}

BOOST_AUTO_TEST_CASE(a_time_that_a_field_shows_is_named_once) {
  const Statements shown{{"t", {"a"}, {"x", "changed"}, "v", "made", "changed", {}, {}, 1, {}}, questions};
  BOOST_TEST(
      shown.insert() ==
      R"(INSERT INTO "t" ("a", "v", "x", "changed", "made") VALUES (?, ?, ?, ?, ?) ON CONFLICT ("a") DO NOTHING)");
  BOOST_TEST(shown.update(std::array{false, true}, false) ==
             R"(UPDATE "t" SET "changed" = ?, "v" = ? WHERE "a" = ?)");
}

BOOST_AUTO_TEST_CASE(an_erase_guards_the_version_if_it_is_to) {
  BOOST_TEST(of(questions).erase(true) ==
             R"(DELETE FROM "t" WHERE "a" = ? AND "b" = ? AND COALESCE("v", 0) = ?)");
  BOOST_TEST(of(questions).erase(false) == R"(DELETE FROM "t" WHERE "a" = ? AND "b" = ?)");
}

BOOST_AUTO_TEST_CASE(a_text_is_made_once_for_each_number_as_long_as_there_is_room) {
  const sql::detail::TextCache texts;
  int made = 0;
  const auto ask = [&](std::uint64_t number) {
    return texts.text(number, [&] {
      ++made;
      return std::to_string(number);
    });
  };
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t number = 0; number < 64; ++number) BOOST_TEST(ask(number) == std::to_string(number));
  }
  BOOST_TEST(made == 64);
  BOOST_TEST(ask(64) == "64");
  BOOST_TEST(ask(64) == "64");
  BOOST_TEST(made == 66);
}

BOOST_AUTO_TEST_CASE(sets_of_fields_and_flags_have_numbers_of_their_own) {
  std::vector<std::optional<std::uint64_t>> numbers;
  for (const bool guarded : {false, true}) {
    for (const bool first : {false, true}) {
      numbers.push_back(sql::detail::number_of(std::array{first, false}, {guarded}));
      numbers.push_back(sql::detail::number_of(std::array{first, true}, {guarded}));
    }
  }
  std::ranges::sort(numbers);
  BOOST_TEST((std::ranges::adjacent_find(numbers) == numbers.end()));
  BOOST_TEST(!sql::detail::number_of(std::array<bool, 60>{}, {true}));
}

BOOST_AUTO_TEST_CASE(without_a_version_column_there_is_none_to_name) {
  const auto bare = of(questions, "");
  BOOST_TEST(bare.select_version() == R"(SELECT 0, "x", "y" FROM "t" WHERE "a" = ? AND "b" = ?)");
  BOOST_TEST(bare.erase(true) == bare.erase(false));
  const Statements plain{{"t", {"a"}, {"x"}, "", "", "", {}, {}, {}, {}}, questions};
  BOOST_TEST(plain.update(std::array{false}, true) == R"(UPDATE "t" SET "a" = "a" WHERE "a" = ?)");
  BOOST_TEST(plain.insert() == R"(INSERT INTO "t" ("a", "x") VALUES (?, ?) ON CONFLICT ("a") DO NOTHING)");
}

BOOST_AUTO_TEST_SUITE_END()
