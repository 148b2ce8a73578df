// Conditions that are looked at between steps, and what they make of the steps that they concern.
#include <lockstep/core/text.hpp>
#include <lockstep/sim/execution.hpp>

#include <algorithm>
#include <stdexcept>

namespace lockstep::sim {

namespace detail {

bool Watch::concerned(Footprint footprint) const {
  if (anything) return !footprint.empty();
  return std::ranges::any_of(footprint, [&](const Access& access) {
    return access.write && std::ranges::find(looks_at, access.object, &Access::object) != looks_at.end();
  });
}

}  // namespace detail

void Execution::watch(detail::Watch& watch) {
  if (abandoned_) return;
  only_in_interleavings("an invariant");
  if (unfinished() != only(running_->ordinal))
    throw std::logic_error{"lockstep::sim::Invariant: make it before other threads are started"};
  watch.object = make_object("invariant");
  watches_.push_back(&watch);
  judge();
  if (abandoned_) {
    std::erase(watches_, &watch);
    unwind();
  }
}

void Execution::unwatch(const detail::Watch& watch, bool once_more) {
  if (once_more) judge();
  std::erase(watches_, &watch);
}

/// Looks at every condition. False if the execution is over.
bool Execution::judge() {
  if (abandoned_ || judging_) return !abandoned_;
  detail::Section quiet{.name = "invariant", .footprint = {}, .quiet = true};
  for (const detail::Watch* watch : watches_) {
    detail::Section* const outer = std::exchange(running_->section, &quiet);
    judging_ = true;
    bool holds = false;
    std::string trouble;
    try {
      holds = watch->holds();
    } catch (const std::exception& error) {
      trouble = error.what();
    } catch (...) {
      trouble = "an exception";
    }
    judging_ = false;
    running_->section = outer;
    if (holds) continue;
    if (!trouble.empty()) {
      report(FindingKind::exception, joined("the invariant \"", watch->name, "\" throws: ", trouble));
    } else {
      report(FindingKind::check,
             recording_ ? joined(watch->name, ": does not hold ", after_which_step()) : watch->name);
    }
    return false;
  }
  return true;
}

std::string Execution::after_which_step() const {
  if (rows_.empty()) return "at the beginning";
  const Step& step = rows_.back();
  return joined("after step ", std::to_string(rows_.size()), " (", name_of_thread(step.thread), ": ",
                step.operation, step.object.empty() ? "" : " ", step.object, ")");
}

}  // namespace lockstep::sim
