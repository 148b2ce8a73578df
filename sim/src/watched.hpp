// A step as others see it while conditions are looked at: it also changes the object of each condition that
// it concerns, so that the orders of such steps are told apart.
#pragma once

#include <lockstep/sim/execution.hpp>

#include <vector>

namespace lockstep::sim {

/// The announced operation, with these accesses added.
class Execution::Watched final : public Operation {
 public:
  Watched(const Execution& execution, const Operation& inner)
      : Operation{inner.name(), inner.object(), inner.readiness(), inner.deadline(), inner.where()},
        execution_{&execution},
        inner_{&inner} {}

  [[nodiscard]] Footprint footprint() const override { return extended(inner_->footprint(), footprint_); }
  [[nodiscard]] Footprint widest_footprint() const override {
    return extended(inner_->widest_footprint(), widest_);
  }
  /// What its own object holds tells nothing of the conditions' objects.
  [[nodiscard]] Waits waits() const override {
    return inner_->waits() == Waits::for_nothing ? Waits::for_nothing : Waits::for_more;
  }
  [[nodiscard]] bool enabled() const override { return inner_->enabled(); }
  [[nodiscard]] ThreadSet holders() const override { return inner_->holders(); }
  [[nodiscard]] bool silent() const override { return inner_->silent(); }
  [[nodiscard]] bool changes(const Access& access) const override { return inner_->changes(access); }
  [[nodiscard]] bool part_of_waiting() const override { return inner_->part_of_waiting(); }
  [[nodiscard]] bool wants_notification() const override { return inner_->wants_notification(); }
  [[nodiscard]] bool missed_notification() const override { return inner_->missed_notification(); }

 private:
  [[nodiscard]] Footprint extended(Footprint own, std::vector<Access>& all) const {
    all.assign(own.begin(), own.end());
    for (const detail::Watch* watch : execution_->watches_) {
      if (watch->concerned(own)) all.push_back({watch->object, true});
    }
    return all;
  }

  const Execution* execution_;
  const Operation* inner_;
  mutable std::vector<Access> footprint_;
  mutable std::vector<Access> widest_;
};

}  // namespace lockstep::sim
