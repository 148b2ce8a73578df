#include "context_bound.hpp"

#include <bit>

namespace lockstep::sim {

bool ContextBound::begin() {
  depth_ = switches_ = steps_ = 0;
  last_.reset();
  if (!begun_) return begun_ = true;
  const auto done = [](const Node& node) { return node.left == 0 && node.chosen + 1 >= node.end; };
  while (!path_.empty() && done(path_.back())) path_.pop_back();
  if (path_.empty()) return false;
  Node& node = path_.back();
  if (node.left == 0) {
    ++node.chosen;
  } else {
    node.chosen = static_cast<unsigned>(std::countr_zero(node.left));
    node.left &= node.left - 1;
  }
  return true;
}

/// To go on costs nothing, so it comes first; all else is a switch.
ContextBound::Node ContextBound::first_try(const Choice& choice) const {
  if (choice.kind == Decision::Kind::outcome) return {.chosen = 0, .left = 0, .end = choice.outcomes};
  const bool may_go_on = last_ && (choice.enabled & only(*last_)) != 0;
  const unsigned first = may_go_on ? *last_ : choice.fallback;
  const bool may_switch = !last_ || switches_ < most_;
  if (!may_go_on && !may_switch) return {.chosen = prune};
  return {.chosen = first, .left = may_switch ? choice.enabled & ~only(first) : 0};
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
