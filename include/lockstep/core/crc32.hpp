// The checksum by which other programs know a name.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep::detail {

/// CRC-32 of `bytes`, as zlib computes it.
/// Source: ISO/IEC 3309, as in "ZLIB Compressed Data Format", RFC 1950, and "GZIP", RFC 1952 section 8
[[nodiscard]] constexpr std::uint32_t crc32(std::string_view bytes) noexcept {
  std::uint32_t rest = 0xffffffffU;
  for (const char byte : bytes) {
    rest ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~rest;
}

}  // namespace lockstep::detail
