#include <lockstep/verbs/save.hpp>
#include <lockstep/verbs/token.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using namespace lockstep;
using test::Account;
using test::Bank;

namespace {

/// A signer with a secret, as plain as can be.
struct Secretive {
  std::string secret;
  [[nodiscard]] std::string sign(std::string_view text) const {
    return Unsigned::sign(secret + std::string{text});
  }
  [[nodiscard]] bool verify(std::string_view text, std::string_view code) const { return sign(text) == code; }
};

/// A token that is well made but says something else.
template <class Signer = Unsigned>
std::string made(const std::string& text, const Signer& signer = {}) {
  return detail::to_base64url(text) + '.' + detail::to_base64url(signer.sign(text));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(token_verb)

BOOST_AUTO_TEST_CASE(a_token_brings_back_the_version_it_was_made_from) {
  Bank bank;
  for (const auto version : {Version{0}, Version{7}, Version::last(), Version{}}) {
    BOOST_TEST(expect(bank.accounts, 1, token(bank.accounts, 1, version)) == version);
  }
  const auto value = load(bank.accounts, 1);
  BOOST_TEST(token(bank.accounts, 1, value) == token(bank.accounts, 1, value.version));
}

BOOST_AUTO_TEST_CASE(a_token_guards_a_save_across_a_form) {
  Bank bank;
  const std::string form = token(bank.accounts, 1, load(bank.accounts, 1));
  save(bank.accounts, 1, {Account{"ann", 7}, expect(bank.accounts, 1, form)}).or_throw();
  const auto late = save(bank.accounts, 1, {Account{"ann", 8}, expect(bank.accounts, 1, form)});
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.conflict().expected() == Version{0});
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_token_is_made_of_characters_that_urls_headers_and_forms_carry_as_they_are) {
  memory::Database db;
  memory::Table<std::string, int> table{db, "r\u00e9sum\u00e9s & \"quotes\""};
  std::string key;
  for (int c = 0; c < 256; ++c) key += static_cast<char>(c);
  const auto text = token(table, key, Version{3});
  for (const char c : text) {
    BOOST_TEST((detail::token_alphabet.find(c) != std::string_view::npos || c == '.'));
  }
  BOOST_TEST(expect(table, key, text) == Version{3});
}

BOOST_AUTO_TEST_CASE(a_missing_token_is_an_error_of_its_own) {
  Bank bank;
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, "")), TokenMissing);
}

BOOST_AUTO_TEST_CASE(a_truncated_token_is_malformed_wherever_it_is_cut) {
  Bank bank;
  const auto whole = token(bank.accounts, 1, Version{7});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, whole.substr(0, size))), TokenMalformed);
    BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, whole.substr(size))), TokenMalformed);
  }
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, whole + "A")), TokenMalformed);
}

BOOST_AUTO_TEST_CASE(a_token_with_any_character_changed_is_malformed) {
  Bank bank;
  const auto whole = token(bank.accounts, 1, Version{7});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char other : {'A', 'B', '-', '.', '=', '\n', '\0'}) {
      auto changed = whole;
      if (std::exchange(changed[i], other) == other) continue;
      BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, changed)), TokenMalformed);
    }
  }
}

BOOST_AUTO_TEST_CASE(text_that_never_was_a_token_is_malformed_and_never_version_zero) {
  Bank bank;
  const auto refused = [&](const std::string& text) {
    BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, text)), TokenMalformed);
  };
  for (const auto* text : {"0", ".", "..", "a.b.c", "null", "accounts 1 0", "MA.MA"}) refused(text);
  refused(made(""));
  refused(made("8:accounts1:1"));
  refused(made("8:accounts1:11:7 "));
  refused(made("8:accounts1:12:7"));
  refused(made("8:accounts1:199999999999999999999:7"));
  refused(made("8accounts1:11:7"));
  refused(made(":accounts"));
  for (const std::string version : {"", "x", "-1", "+1", " 1", "1 ", "7x", "Absent", "18446744073709551615",
                                    "18446744073709551616", "99999999999999999999999"}) {
    refused(made("8:accounts1:1" + std::to_string(version.size()) + ":" + version));
  }
  BOOST_TEST(expect(bank.accounts, 1, made("8:accounts1:11:7")) == Version{7});  // what the others spoil
}

BOOST_AUTO_TEST_CASE(a_token_is_good_for_its_own_record_only) {
  Bank bank;
  const auto text = token(bank.accounts, 1, Version{0});
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 2, text)), TokenMismatch);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.orders, 1, text)), TokenMismatch);
  try {
    static_cast<void>(expect(bank.accounts, 2, text));
  } catch (const TokenMismatch& mismatch) {
    BOOST_TEST(mismatch.presented_for() == (Place{"accounts", "2"}));
    BOOST_TEST(mismatch.what() == "the version token is not for accounts[2]");
  }
}

BOOST_AUTO_TEST_CASE(names_and_keys_that_run_together_are_told_apart) {
  memory::Database db;
  memory::Table<std::string, int> a{db, "a"};
  memory::Table<std::string, int> ab{db, "ab"};
  BOOST_TEST(token(a, "bc", Version{0}) != token(ab, "c", Version{0}));
  BOOST_CHECK_THROW(static_cast<void>(expect(ab, "c", token(a, "bc", Version{0}))), TokenMismatch);
  BOOST_CHECK_THROW(static_cast<void>(expect(a, "b", token(a, "b1:0", Version{0}))), TokenMismatch);
}

BOOST_AUTO_TEST_CASE(composite_keys_have_tokens_too) {
  memory::Database db;
  struct PairHash {
    std::size_t operator()(const std::pair<std::string, int>& key) const { return key.first.size(); }
  };
  memory::Table<std::pair<std::string, int>, int, StdRuntime, PairHash> table{db, "lines"};
  const auto text = token(table, {"a,b", 1}, Version{3});
  BOOST_TEST(expect(table, {"a,b", 1}, text) == Version{3});
  BOOST_CHECK_THROW(static_cast<void>(expect(table, {"a", 1}, text)), TokenMismatch);
}

BOOST_AUTO_TEST_CASE(a_signed_token_is_refused_without_the_secret) {
  Bank bank;
  const Secretive ours{"ours"};
  const auto text = token(bank.accounts, 1, Version{7}, ours);
  BOOST_TEST(expect(bank.accounts, 1, text, ours) == Version{7});
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, text, Secretive{"theirs"})), TokenForged);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, token(bank.accounts, 1, Version{7}), ours)),
                    TokenForged);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, text)), TokenMalformed);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 2, text, ours)), TokenMismatch);
}

BOOST_AUTO_TEST_CASE(every_token_error_is_a_token_error) {
  static_assert(std::is_base_of_v<TokenError, TokenMissing> &&
                std::is_base_of_v<TokenError, TokenMalformed> && std::is_base_of_v<TokenError, TokenForged> &&
                std::is_base_of_v<TokenError, TokenMismatch>);
  static_assert(std::is_base_of_v<Error, TokenError> && !std::is_base_of_v<Conflicted, TokenError>);
}

BOOST_AUTO_TEST_CASE(base64url_is_that_of_rfc_4648) {
  using detail::from_base64url;
  using detail::to_base64url;
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : pairs) {
    BOOST_TEST(to_base64url(bytes) == text);
    BOOST_TEST(from_base64url(text) == bytes);
  }
  for (const auto* bad : {"Zh", "Z", "Zg==", "Zm+v", "Zm/v", "Z g"}) {
    BOOST_CHECK_THROW(static_cast<void>(from_base64url(bad)), TokenMalformed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
