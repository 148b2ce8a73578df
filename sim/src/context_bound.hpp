// Every schedule with at most so many context switches, depth first.
//
// Iterative context bounding: most bugs need few switches, and there are few schedules with few of them.
// Source: Musuvathi & Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
// PLDI 2007. There only preemptions count; here every switch does, as a reader must follow each.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lockstep::sim {

/// Runs each execution with at most `switches` context switches, once; those that would need more are pruned.
class ContextBound final : public Explorer {
 public:
  explicit ContextBound(std::size_t switches) noexcept : most_{switches} {}

  bool begin() override;
  unsigned choose(const Choice& choice) override;

  /// Of the execution that runs, or has ended.
  [[nodiscard]] std::size_t switches() const noexcept { return switches_; }
  /// How many choices of who goes next it made.
  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }

 private:
  /// A choice on the way, and what is left to try there.
  struct Node {
    unsigned chosen = 0;
    std::uint64_t left = 0;  ///< threads
    unsigned end = 0;        ///< outcomes: those between `chosen` and this one
  };

  Node first_try(const Choice& choice) const;

  std::size_t most_;
  std::vector<Node> path_;
  std::size_t depth_ = 0;
  std::size_t switches_ = 0;
  std::size_t steps_ = 0;
  std::optional<unsigned> last_;  ///< who made the step before
  bool begun_ = false;
};

}  // namespace lockstep::sim
