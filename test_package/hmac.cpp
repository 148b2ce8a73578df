// Signed version tokens: what was tampered with is refused.
#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/token_hmac.hpp>

#include <cstdlib>

int main() {
  const lockstep::HmacSha256 signer{"a secret of sixteen bytes"};
  const auto code = signer.sign("text");
  return signer.verify("text", code) && !signer.verify("texts", code) ? EXIT_SUCCESS : EXIT_FAILURE;
}
