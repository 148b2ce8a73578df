// A version on its way through a form, a URL or a header: an opaque text that names
// one record at one version, checked when it comes back.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace lockstep {

/// A token cannot be taken as proof of what its holder saw.
class TokenError : public Error {
  using Error::Error;
};

/// A token is required, and there is none.
class TokenMissing : public TokenError {
 public:
  TokenMissing() : TokenError{"a version token is required"} {}
};

/// The text is no token: truncated, garbled, or changed on its way.
class TokenMalformed : public TokenError {
 public:
  TokenMalformed() : TokenError{"malformed version token"} {}
};

/// The signature does not fit the token: somebody made it without the secret.
class TokenForged : public TokenError {
 public:
  TokenForged() : TokenError{"the version token's signature is wrong"} {}
};

/// The token is for another record than the one it is presented for.
class TokenMismatch : public TokenError {
 public:
  /// `presented_for` is the record that it was to guard.
  explicit TokenMismatch(Place presented_for)
      : TokenError{joined("the version token is not for ", to_string(presented_for))},
        place_{std::move(presented_for)} {}
  /// The record that the token was presented for, not the one that it is for.
  [[nodiscard]] const Place& presented_for() const noexcept { return place_; }

 private:
  Place place_;
};

/// Signs tokens: returns a code that only holders of its secret can make for `text`.
/// `verify` compares in constant time. See token_hmac.hpp.
template <class S>
concept TokenSigner = requires(const S& signer, std::string_view text, std::string_view code) {
  { signer.sign(text) } -> std::convertible_to<std::string>;
  { signer.verify(text, code) } -> std::same_as<bool>;
};

/// Does not sign, but finds what was garbled on its way: anybody can make such tokens.
/// The checksum is 64-bit FNV-1a.
struct Unsigned {
  /// The checksum of `text`, 8 bytes.
  [[nodiscard]] static std::string sign(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    std::string code;
    for (unsigned shift = 0; shift < 64; shift += 8) code += static_cast<char>(hash >> shift & 0xffU);
    return code;
  }
  /// True if `code` is the checksum of `text`.
  [[nodiscard]] static bool verify(std::string_view text, std::string_view code) {
    return sign(text) == code;
  }
};

namespace detail {

/// Takes the decimal number off that `text` begins with; nothing if there is none, or one of more than 64
/// bits. (std::from_chars would be a thirtieth of what including lockstep costs.)
[[nodiscard]] constexpr std::optional<std::uint64_t> take_number(std::string_view& text) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && '0' <= text[digits] && text[digits] <= '9'; ++digits) {
    const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
    if (number > (most - digit) / 10) return std::nullopt;
    number = 10 * number + digit;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

}  // namespace detail

/// The version whose text is `text`; nothing if it is no version's. A version type of
/// your own has an overload in its namespace.
[[nodiscard]] inline std::optional<Version> version_from_text(std::string_view text,
                                                              std::type_identity<Version>) {
  if (text == "absent") return Version{};
  const auto number = detail::take_number(text);
  if (!number || !text.empty() || *number > Version::last().number()) return {};
  return Version{*number};
}

/// A version type that goes into a token and comes back: `version_from_text` of a version's
/// text is that version, and no other text is a version's.
template <class V>
concept TextualVersion = Textual<V> && requires(std::string_view text) {
  { version_from_text(text, std::type_identity<V>{}) } -> std::same_as<std::optional<V>>;
};

namespace detail {

inline constexpr std::string_view token_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding (RFC 4648, section 5).
[[nodiscard]] inline std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned pending = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (pending += 8; pending >= 6; pending -= 6) text += token_alphabet[bits >> (pending - 6) & 63U];
  }
  if (pending > 0) text += token_alphabet[bits << (6 - pending) & 63U];
  return text;
}

/// The bytes of the only base64url text that gives them; throws TokenMalformed.
[[nodiscard]] inline std::string from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned pending = 0;
  for (const char c : text) {
    const auto digit = token_alphabet.find(c);
    if (digit == std::string_view::npos) throw TokenMalformed{};
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    pending += 6;
    if (pending >= 8) bytes += static_cast<char>(bits >> (pending -= 8) & 0xffU);
  }
  if (to_base64url(bytes) != text) throw TokenMalformed{};
  return bytes;
}

/// What a token says: storage, key and version, each told apart by its length.
template <Storage S>
[[nodiscard]] std::string token_text(const S& storage, const key_of<S>& key, const version_of<S>& version) {
  std::string text;
  for (const std::string& part : {name_of(storage), text_of(key), text_of(version)}) {
    text += std::to_string(part.size()) + ':' + part;
  }
  return text;
}

/// Takes `token_text` apart; throws TokenMalformed.
[[nodiscard]] inline std::array<std::string_view, 3> token_parts(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (auto& part : parts) {
    const auto size = take_number(text);
    if (!size || text.empty() || text.front() != ':' || *size > text.size() - 1) throw TokenMalformed{};
    part = text.substr(1, static_cast<std::size_t>(*size));
    text.remove_prefix(1 + part.size());
  }
  if (!text.empty()) throw TokenMalformed{};
  return parts;
}

}  // namespace detail

/// A token for the record at `key` as it was at `version`: letters, digits, '-', '_'
/// and one '.', fit for URLs, headers (as an ETag, in quotes) and form fields.
///
/// It names the storage by its `name()`, so two storages that tokens can be presented to
/// need different names; `memory::Table` sees to that within one database.
/// It does not hide the version. Unsigned tokens can be made by anybody; sign them
/// where a holder gains by lying. Safe to call from any thread.
template <Storage S, TokenSigner Signer = Unsigned>
  requires Textual<key_of<S>> && Textual<version_of<S>>
[[nodiscard]] std::string token(const S& storage, const key_of<S>& key, const version_of<S>& version,
                                const Signer& signer = {}) {
  const auto text = detail::token_text(storage, key, version);
  return detail::to_base64url(text) + '.' + detail::to_base64url(signer.sign(text));
}

/// A token for the record at `key` as it was loaded.
template <Storage S, TokenSigner Signer = Unsigned>
[[nodiscard]] std::string token(const S& storage, const key_of<S>& key, const versioned_of<S>& value,
                                const Signer& signer = {}) {
  return token(storage, key, value.version, signer);
}

/// The version that `token` names, to guard a save of the record at `key`.
///
/// Throws TokenMissing if the text is empty, TokenMalformed, TokenForged for a wrong
/// signature, TokenMismatch if it is another record's. Safe to call from any thread.
///
///     save(accounts, 7, {changed, expect(accounts, 7, form["version"])})
template <Storage S, TokenSigner Signer = Unsigned>
  requires Textual<key_of<S>> && TextualVersion<version_of<S>>
[[nodiscard]] version_of<S> expect(const S& storage, const key_of<S>& key, std::string_view token,
                                   const Signer& signer = {}) {
  if (token.empty()) throw TokenMissing{};
  const auto dot = token.find('.');
  if (dot == std::string_view::npos) throw TokenMalformed{};
  const auto text = detail::from_base64url(token.substr(0, dot));
  const auto code = detail::from_base64url(token.substr(dot + 1));
  if (!signer.verify(text, code)) {
    if constexpr (std::same_as<Signer, Unsigned>) throw TokenMalformed{};
    throw TokenForged{};
  }
  const auto parts = detail::token_parts(text);
  if (parts[0] != name_of(storage) || parts[1] != text_of(key)) throw TokenMismatch{place_of(storage, key)};
  const auto version = version_from_text(parts[2], std::type_identity<version_of<S>>{});
  if (!version) throw TokenMalformed{};
  return *version;
}

}  // namespace lockstep
