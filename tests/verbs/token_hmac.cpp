// Empty where OpenSSL is not to be had.
#if __has_include(<openssl/hmac.h>)

#include <lockstep/verbs/token.hpp>
#include <lockstep/verbs/token_hmac.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace lockstep;
using test::Bank;

namespace {
std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(token_hmac)

BOOST_AUTO_TEST_CASE(the_code_is_that_of_rfc_4231) {
  const HmacSha256 signer{std::string(20, '\x0b')};  // test case 1
  BOOST_TEST(hex(signer.sign("Hi There")) ==
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

BOOST_AUTO_TEST_CASE(a_code_is_verified_as_a_whole) {
  const HmacSha256 signer{"a secret of sixteen bytes"};
  const auto code = signer.sign("text");
  BOOST_TEST(signer.verify("text", code));
  BOOST_TEST(!signer.verify("texts", code));
  BOOST_TEST(!signer.verify("text", code.substr(0, 31)));
  BOOST_TEST(!signer.verify("text", code + '\0'));
  BOOST_TEST(!signer.verify("text", ""));
  for (std::size_t i = 0; i < code.size(); ++i) {
    auto changed = code;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    BOOST_TEST(!signer.verify("text", changed));
  }
}

BOOST_AUTO_TEST_CASE(a_signed_token_comes_back_and_one_of_another_secret_does_not) {
  Bank bank;
  const HmacSha256 ours{"a secret of sixteen bytes"};
  const HmacSha256 theirs{"another secret of theirs"};
  const auto text = token(bank.accounts, 1, Version{7}, ours);
  BOOST_TEST(expect(bank.accounts, 1, text, ours) == Version{7});
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, text, theirs)), TokenForged);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 1, token(bank.accounts, 1, Version{7}), ours)),
                    TokenForged);
  BOOST_CHECK_THROW(static_cast<void>(expect(bank.accounts, 2, text, ours)), TokenMismatch);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
