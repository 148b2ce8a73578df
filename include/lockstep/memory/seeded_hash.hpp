// Hashes that nobody outside can predict, so that nobody can send keys that all fall on one place.
//
// Sources: Aumasson & Bernstein, "SipHash: a Fast Short-Input PRF", INDOCRYPT 2012 (bytes, with one round and
// three at the end, as later tables have it); Dietzfelbinger, Hagerup, Katajainen & Penttonen, "A Reliable
// Randomized Algorithm for the Closest-Pair Problem", J. Algorithms 25, 1997 (integers, by multiplication).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>

namespace lockstep::memory {

/// What a hash is made unpredictable by.
struct HashSeed {
  std::uint64_t first = 0;   ///< one half
  std::uint64_t second = 0;  ///< the other
};

namespace detail {

/// All bits of the product of two words, folded: each bit of it depends on most bits of both.
constexpr std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#else
  const auto low = [](std::uint64_t word) { return word & 0xffffffffU; };
  const auto high = [](std::uint64_t word) { return word >> 32U; };
  const auto middle = low(a) * high(b) + high(low(a) * low(b));
  const auto cross = high(a) * low(b) + low(middle);
  return (a * b) ^ (high(a) * high(b) + high(middle) + high(cross));
#endif
}

/// A word spread over all bits. The numbers are digits of pi, so that a seed of zeros spreads as well.
constexpr std::uint64_t mixed_with(std::uint64_t word, const HashSeed& seed) noexcept {
  return folded_product(word ^ seed.first ^ 0x243f6a8885a308d3U, (seed.second ^ 0x13198a2e03707344U) | 1U);
}

/// SipHash-1-3.
class SipHash {
 public:
  explicit constexpr SipHash(const HashSeed& seed) noexcept
      : state_{seed.first ^ 0x736f6d6570736575U, seed.second ^ 0x646f72616e646f6dU,
               seed.first ^ 0x6c7967656e657261U, seed.second ^ 0x7465646279746573U} {}

  [[nodiscard]] std::uint64_t operator()(const void* bytes, std::size_t size) noexcept {
    const auto* at = static_cast<const unsigned char*>(bytes);
    std::size_t left = size;
    for (; left >= 8; at += 8, left -= 8) take(word_at(at, 8));
    take(word_at(at, left) | static_cast<std::uint64_t>(size) << 56U);
    state_[2] ^= 0xffU;
    for (int i = 0; i != 3; ++i) round();
    return state_[0] ^ state_[1] ^ state_[2] ^ state_[3];
  }

 private:
  static std::uint64_t word_at(const unsigned char* at, std::size_t count) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&word, at, count);
    } else {
      for (std::size_t i = 0; i != count; ++i) word |= static_cast<std::uint64_t>(at[i]) << (8 * i);
    }
    return word;
  }
  constexpr void take(std::uint64_t word) noexcept {
    state_[3] ^= word;
    round();
    state_[0] ^= word;
  }
  constexpr void round() noexcept {
    auto& [a, b, c, d] = state_;
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  }

  std::array<std::uint64_t, 4> state_;
};

template <class Key>
concept IsText = std::convertible_to<const Key&, std::string_view>;
template <class Key>
concept IsNumber = std::is_integral_v<Key> || std::is_enum_v<Key> || std::is_pointer_v<Key>;
/// Equal if, and only if, all their bytes are.
template <class Key>
concept IsBytes = std::is_trivially_copyable_v<Key> && std::has_unique_object_representations_v<Key>;

}  // namespace detail

/// The hash of a table that has been given none: another one in each table.
///
/// Integers, enumerations and pointers are multiplied by the seed; strings, and types whose values are equal
/// if all their bytes are (without padding, floating point, or members that refer to others), go through
/// SipHash-1-3. Other types need a `std::hash`, whose result is mixed with the seed: keys that it sends to
/// one number stay together. Strings are found by anything that converts to `std::string_view`.
///
/// The seed is to be unpredictable where keys come from strangers; `FlatTable` draws it when it is made.
template <class Key>
class SeededHash {
 public:
  using is_avalanching = void;  ///< all bits of a hash depend on all bits of the key

  /// With a seed of zeros: the same in every table.
  SeededHash() = default;
  /// With this seed.
  explicit constexpr SeededHash(const HashSeed& seed) noexcept : seed_{seed} {}

  /// The hash of `key`.
  [[nodiscard]] std::uint64_t operator()(const Key& key) const noexcept {
    if constexpr (detail::IsNumber<Key>) {
      if constexpr (std::is_pointer_v<Key>) {
        return detail::mixed_with(std::bit_cast<std::uintptr_t>(key), seed_);
      } else {
        return detail::mixed_with(static_cast<std::uint64_t>(key), seed_);
      }
    } else if constexpr (detail::IsBytes<Key>) {
      return detail::SipHash{seed_}(&key, sizeof(Key));
    } else {
      return detail::mixed_with(std::hash<Key>{}(key), seed_);
    }
  }

 private:
  HashSeed seed_;
};

/// Of strings, by anything that converts to `std::string_view`.
template <detail::IsText Key>
class SeededHash<Key> {
 public:
  using is_transparent = void;  ///< what is looked for need not be a `Key`
  using is_avalanching = void;  ///< all bits of a hash depend on all bits of the key

  /// With a seed of zeros: the same in every table.
  SeededHash() = default;
  /// With this seed.
  explicit constexpr SeededHash(const HashSeed& seed) noexcept : seed_{seed} {}

  /// The hash of `key`.
  [[nodiscard]] std::uint64_t operator()(std::string_view key) const noexcept {
    return detail::SipHash{seed_}(key.data(), key.size());
  }

 private:
  HashSeed seed_;
};

}  // namespace lockstep::memory
