// Every interleaving, without any reduction: the oracle that nobody can doubt.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <bit>
#include <cstddef>
#include <vector>

namespace lockstep::sim {

/// Explores every sequence of choices, depth first.
class EveryInterleaving final : public Explorer {
 public:
  bool begin() override {
    depth_ = 0;
    if (!started_) return started_ = true;
    while (!path_.empty()) {
      if (path_.back().left != 0) {
        take_next(path_.back());
        return true;
      }
      path_.pop_back();
    }
    return false;
  }

  unsigned choose(const Choice& choice) override {
    if (depth_ == path_.size()) {
      const bool outcome = choice.kind == Decision::Kind::outcome;
      take_next(path_.emplace_back(Point{.left = outcome ? only(choice.outcomes) - 1 : choice.enabled}));
    }
    return path_[depth_++].chosen;
  }

 private:
  struct Point {
    ThreadSet left = 0;  ///< threads, or outcomes, that are still to be tried
    unsigned chosen = 0;
  };

  static void take_next(Point& point) {
    point.chosen = static_cast<unsigned>(std::countr_zero(point.left));
    point.left &= point.left - 1;
  }

  std::vector<Point> path_;
  std::size_t depth_ = 0;
  bool started_ = false;
};

}  // namespace lockstep::sim
