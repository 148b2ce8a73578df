#include "surw.hpp"

#include <lockstep/sim/execution.hpp>

#include "thread_set.hpp"

#include <algorithm>
#include <bit>

namespace lockstep::sim {

void Surw::prepare() {
  priorities_.clear();
  seen_ = only(0);
  held_ = 0;
  intended_ = max_threads;
  if (number() == 1) return;
  only_ = {};
  left_ = all_;
  if (shared_.size() > 1 && draw_.below(2) == 0) {
    only_ = shared_[draw_.below(static_cast<unsigned>(shared_.size()))];
    left_ = touched_.at(only_).steps;
  }
  // Who starts a thread stands for its steps until then. Threads are numbered after those who start them.
  for (unsigned thread = max_threads; --thread != 0;) left_[started_by_[thread]] += left_[thread];
}

unsigned Surw::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return draw_.below(choice.outcomes);
  if (choice.yielded) {
    priorities_.lower(choice.running, draw_);
    if (intended_ == choice.running) {  // it may wait for one that is held
      held_ = 0;
      intended_ = max_threads;
    }
  }
  if (number() == 1) {
    const unsigned chosen = priorities_.highest(choice.enabled, draw_);
    priorities_.forget(chosen);
    count(chosen, choice.next(chosen).footprint());
    return chosen;
  }
  for (;;) {
    if ((choice.enabled & ~held_) == 0) {  // the intended one cannot go on before one of these has
      held_ = 0;
      intended_ = max_threads;
    }
    const unsigned chosen = priorities_.highest(choice.enabled & ~held_, draw_);
    if (matters(choice.next(chosen).footprint())) {
      left_[chosen] = std::max(left_[chosen], 1U);  // more than were counted
      if (intended_ == max_threads) intended_ = drawn_by_weight(choice.enabled);
      if (chosen != intended_) {
        held_ |= only(chosen);
        continue;
      }
      --left_[chosen];
      held_ = 0;
      intended_ = max_threads;
    }
    priorities_.forget(chosen);
    return chosen;
  }
}

/// From here on a thread that was started stands for its own steps.
void Surw::joins(unsigned thread, unsigned other) {
  if ((seen_ & only(thread)) != 0) return;
  seen_ |= only(thread);
  if (number() == 1) {
    started_by_[thread] = other;
    return;
  }
  const std::uint32_t both = left_[other];
  const std::uint32_t its = std::min(left_[thread], both);
  if (intended_ == other && its != 0 && draw_.below(both) < its) intended_ = thread;
  left_[other] = both - its;
}

bool Surw::end(const Ending& ending) {
  if (number() == 1) know_what_is_shared();
  return !ending.pruned;
}

void Surw::count(unsigned thread, Footprint footprint) {
  Counted step{thread, {}};
  for (const Access& access : footprint) {
    Touched& touched = touched_[access.object];
    touched.by |= only(thread);
    touched.written = touched.written || access.write;
    step.objects.push_back(access.object);
  }
  steps_.push_back(std::move(step));
}

void Surw::know_what_is_shared() {
  std::erase_if(touched_,
                [](const auto& each) { return std::has_single_bit(each.second.by) || !each.second.written; });
  for (const auto& [object, touched] : touched_) shared_.push_back(object);
  std::ranges::sort(shared_);
  for (const auto& [thread, objects] : steps_) {
    bool counts = false;
    for (const ObjectId object : objects) {
      const auto found = touched_.find(object);
      if (found == touched_.end()) continue;
      ++found->second.steps[thread];
      counts = true;
    }
    if (counts) ++all_[thread];
  }
  steps_ = {};
}

bool Surw::matters(Footprint footprint) const {
  return std::ranges::any_of(footprint, [&](const Access& access) {
    return only_ ? access.object == only_ : touched_.contains(access.object);
  });
}

unsigned Surw::drawn_by_weight(ThreadSet among) {
  std::uint32_t sum = 0;
  each(among, [&](unsigned thread) { sum += left_[thread]; });
  std::uint32_t drawn = draw_.below(sum);
  unsigned found = max_threads;
  each(among, [&](unsigned thread) {
    if (found == max_threads && drawn < left_[thread]) found = thread;
    drawn -= left_[thread];
  });
  return found;
}

}  // namespace lockstep::sim
