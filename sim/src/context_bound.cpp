#include "context_bound.hpp"

#include <algorithm>
#include <bit>

namespace lockstep::sim {

bool ContextBound::begin() {
  depth_ = switches_ = steps_ = 0;
  last_.reset();
  if (!begun_) return begun_ = true;
  while (!path_.empty() && path_.back().left == 0) path_.pop_back();
  if (path_.empty()) return false;
  Node& node = path_.back();
  node.chosen = static_cast<unsigned>(std::countr_zero(node.left));
  node.left &= node.left - 1;
  return true;
}

/// To go on costs nothing, so it comes first; all else is a switch.
ContextBound::Node ContextBound::first_try(const Choice& choice) const {
  if (choice.kind == Decision::Kind::outcome) {
    constexpr unsigned most_outcomes = 64;
    const unsigned outcomes = std::min(choice.outcomes, most_outcomes);
    return {0, (outcomes == most_outcomes ? ~std::uint64_t{0} : (std::uint64_t{1} << outcomes) - 1) & ~1U};
  }
  const bool may_go_on = last_ && (choice.enabled & only(*last_)) != 0;
  const unsigned first = may_go_on ? *last_ : choice.fallback;
  const bool may_switch = !last_ || switches_ < most_;
  if (!may_go_on && !may_switch) return {prune, 0};
  return {first, may_switch ? choice.enabled & ~only(first) : 0};
}

unsigned ContextBound::choose(const Choice& choice) {
  if (depth_ == path_.size()) path_.push_back(first_try(choice));
  const unsigned chosen = path_[depth_++].chosen;
  if (choice.kind == Decision::Kind::outcome || chosen == prune) return chosen;
  if (last_ && *last_ != chosen) ++switches_;
  last_ = chosen;
  ++steps_;
  return chosen;
}

}  // namespace lockstep::sim
