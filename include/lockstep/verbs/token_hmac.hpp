// Tokens that only holders of a secret can make: HMAC-SHA256 (RFC 2104), by OpenSSL.
// Needs OpenSSL's libcrypto: the package's component `hmac`.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {

/// Signs version tokens with a secret of at least 16 bytes. Safe to use from any thread.
class HmacSha256 {
 public:
  /// `secret` is bytes, at least 16 of them: a precondition. Keeps a copy.
  explicit HmacSha256(std::string secret) : secret_{std::move(secret)} {
    Expects(detail::told(secret_.size() >= 16, "a secret has at least 16 bytes"));
  }

  /// The code of `text`: 32 bytes. Throws Error if OpenSSL fails.
  [[nodiscard]] std::string sign(std::string_view text) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (!HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes, text.size(), code.data(),
              &size)) {
      throw Error{"HMAC-SHA256 failed"};
    }
    return {reinterpret_cast<const char*>(code.data()), size};
  }

  /// Compares in constant time.
  [[nodiscard]] bool verify(std::string_view text, std::string_view code) const {
    const auto right = sign(text);
    return code.size() == right.size() && CRYPTO_memcmp(code.data(), right.data(), right.size()) == 0;
  }

 private:
  std::string secret_;
};

}  // namespace lockstep
