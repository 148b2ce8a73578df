// Follows an execution that was made along a graph, so that it is known by its decisions.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "graph.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// Lets threads go in a given order, and have the outcomes that a graph has.
class Along final : public Explorer {
 public:
  Along(std::vector<unsigned> schedule, const Graph& graph) : schedule_{std::move(schedule)} {
    for (unsigned thread = 0; thread != graph.threads(); ++thread) {
      outcomes_.emplace_back();
      for (const Slot slot : graph.of(thread)) {
        if (graph[slot].kind == GraphEvent::Kind::choice) outcomes_.back().push_back(graph[slot].from);
      }
    }
    taken_.resize(outcomes_.size(), 0);
  }

  bool begin() override { return true; }
  unsigned choose(const Choice& choice) override {
    if (choice.kind == Decision::Kind::outcome) {
      const unsigned thread = choice.running;
      if (thread >= outcomes_.size() || taken_[thread] == outcomes_[thread].size()) return 0;
      return std::min(outcomes_[thread][taken_[thread]++], choice.outcomes - 1);
    }
    const unsigned wanted = next_ < schedule_.size() ? schedule_[next_++] : choice.fallback;
    return wanted < max_threads && (choice.enabled & only(wanted)) != 0 ? wanted : choice.fallback;
  }

 private:
  std::vector<unsigned> schedule_;
  std::vector<std::vector<unsigned>> outcomes_;
  std::vector<std::size_t> taken_;
  std::size_t next_ = 0;
};

}  // namespace lockstep::sim
