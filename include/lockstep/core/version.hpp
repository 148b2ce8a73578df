// The number that tells one state of a record from the next.
#pragma once

#include <lockstep/core/contract.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace lockstep {

/// The version of one record: a counter that only moves forward, or "absent".
///
/// The first stored version is 0, as it is in databases. A value-initialised
/// `Version` is absent: it belongs to no record, and as a guard it means
/// "nothing is stored here". Verbs only compare versions for equality.
class Version {
 public:
  /// Absent.
  constexpr Version() noexcept = default;

  /// The version with this number. The largest 64-bit value is not a version.
  constexpr explicit Version(std::uint64_t number) : next_{number + 1} {
    Expects(detail::told(number != std::numeric_limits<std::uint64_t>::max(),
                         "the largest 64-bit number is no version"));
  }

  /// The largest version: a record that has it cannot be written again (VersionUnavailable).
  [[nodiscard]] static constexpr Version last() {
    return Version{std::numeric_limits<std::uint64_t>::max() - 1};
  }

  /// True if this is no version: nothing is stored, or nothing was.
  [[nodiscard]] constexpr bool absent() const noexcept { return next_ == 0; }

  /// The number, for storing and showing. Must not be absent.
  [[nodiscard]] constexpr std::uint64_t number() const {
    Expects(detail::told(!absent(), "an absent version has no number"));
    return next_ - 1;
  }

  friend constexpr bool operator==(Version, Version) noexcept = default;

  /// "7", or "absent".
  friend std::string to_string(Version version) {
    return version.absent() ? "absent" : std::to_string(version.number());
  }

 private:
  std::uint64_t next_ = 0;  // the number plus one, so that zero can mean absent
};

}  // namespace lockstep
