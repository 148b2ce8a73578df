// A short number that stands for a long text: for comparing, where nobody has a reason to deceive.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep::detail {

/// A number of 63 bits that tells `bytes` from others, by chance alone.
/// Source: FNV-1a of Fowler, Noll & Vo (RFC 9923), finished by SplitMix64's mixing.
[[nodiscard]] inline std::uint64_t fingerprint(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return (hash ^ (hash >> 31U)) >> 1U;
}

}  // namespace lockstep::detail
