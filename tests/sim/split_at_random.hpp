// What several threads would do, one execution after the other: explorers that hand over parts to each other.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "checkpoint.hpp"
#include "exhaustive.hpp"
#include "splitmix.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sim::test {

/// Explores what `Split` does, by several of them. Which one goes next, and when one is split, is drawn; and
/// when all of them are saved to `file`, if it has a name, and others go on from there.
template <class Split>
class SplitAtRandom final : public Explorer {
 public:
  SplitAtRandom(std::unique_ptr<Split> first, std::uint64_t seed, std::string file = {})
      : draw_{seed}, file_{std::move(file)} {
    parts_.push_back(std::move(first));
  }

  bool begin() override {
    while (!parts_.empty()) {
      present_ = draw_.below(static_cast<unsigned>(parts_.size()));
      if (part().begin()) return true;
      complete_ = complete_ && part().complete();
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(present_));
    }
    return false;
  }
  unsigned choose(const Choice& choice) override { return part().choose(choice); }
  void follows(unsigned thread, std::size_t step) override { part().follows(thread, step); }
  void joins(unsigned thread, unsigned other) override { part().joins(thread, other); }
  void time_passes(const Execution& execution, ThreadSet pending) override {
    part().time_passes(execution, pending);
  }
  void times_out(unsigned thread) override { part().times_out(thread); }
  void stops(const Execution& execution, ThreadSet pending, bool failed) override {
    part().stops(execution, pending, failed);
  }
  bool end(const Ending& ending) override {
    const bool counts = part().end(ending);
    constexpr std::size_t most = 5;
    if (parts_.size() < most && draw_.below(2) == 0) {
      if (auto other = part().split()) {
        parts_.push_back(std::move(other));
        ++splits_;
      }
    }
    if (!file_.empty() && draw_.below(4) == 0) save_and_load();
    return counts;
  }
  [[nodiscard]] bool complete() const noexcept override { return parts_.empty() && complete_; }

  /// How often one was split.
  [[nodiscard]] std::uint64_t splits() const noexcept { return splits_; }

 private:
  Explorer& part() { return *parts_[present_]; }

  void save_and_load() {
    if constexpr (std::is_same_v<Split, Exhaustive>) {
      std::vector<const Exhaustive*> all;
      for (const auto& each : parts_) all.push_back(static_cast<const Exhaustive*>(each.get()));
      CheckpointWriter to;
      Exhaustive::save(all, to);
      to.save(file_);
      CheckpointReader from{file_};
      parts_ = Exhaustive::load(from);
      from.end();
    }
  }

  std::vector<std::unique_ptr<Explorer>> parts_;
  std::size_t present_ = 0;
  SplitMix draw_;
  std::string file_;
  std::uint64_t splits_ = 0;
  bool complete_ = true;
};

}  // namespace lockstep::sim::test
