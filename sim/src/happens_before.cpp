#include <lockstep/sim/happens_before.hpp>

#include <algorithm>

namespace lockstep::sim::detail {

namespace {

bool acquires(std::memory_order order) noexcept {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}

bool releases(std::memory_order order) noexcept {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace

void HappensBefore::follow(unsigned threads) {
  threads_.assign(threads, {});
  for (unsigned i = 0; i != threads; ++i) tick(i);
}

void HappensBefore::start(unsigned thread, unsigned started) {
  threads_.resize(started + 1);
  threads_[started].now.join(threads_[thread].now);
  tick(started);
  tick(thread);
}

Clock& HappensBefore::released(ObjectId object) {
  Released& found = objects_[object];
  if (found.run != run_) found = {.run = run_, .clock = {}};
  return found.clock;
}

void HappensBefore::release(unsigned thread, ObjectId object) {
  released(object).join(threads_[thread].now);
  tick(thread);
}

void HappensBefore::acquire(unsigned thread, ObjectId object) { threads_[thread].now.join(released(object)); }

void HappensBefore::load(unsigned thread, ObjectId atomic, std::memory_order order) {
  Thread& self = threads_[thread];
  (acquires(order) ? self.now : self.read).join(released(atomic));
}

void HappensBefore::store(unsigned thread, ObjectId atomic, std::memory_order order) {
  const Thread& self = threads_[thread];
  released(atomic) = releases(order) ? self.now : self.released;
  if (releases(order)) tick(thread);
}

void HappensBefore::modify(unsigned thread, ObjectId atomic, std::memory_order order) {
  load(thread, atomic, order);
  const Thread& self = threads_[thread];
  released(atomic).join(releases(order) ? self.now : self.released);
  if (releases(order)) tick(thread);
}

void HappensBefore::fence(unsigned thread, std::memory_order order) {
  Thread& self = threads_[thread];
  if (acquires(order)) self.now.join(self.read);
  if (!releases(order)) return;
  self.released = self.now;
  tick(thread);
}

/// It is enough to remember the last write and the reads since then: what races with an earlier access races
/// with a later one that the earlier one happens before, unless a race was found already.
std::optional<Race> HappensBefore::touch(unsigned thread, ObjectId variable, Touching how,
                                         const std::source_location& where) {
  Variable& state = variables_[variable];
  if (state.run != run_) {
    state.run = run_;
    state.write = {};
    state.reads.clear();
  }
  const Clock& now = threads_[thread].now;
  const auto before = [&](const Touch& touch) { return touch.tick <= now[touch.thread]; };
  const Touch touch{.thread = thread, .tick = now[thread], .how = how, .where = where};
  if (!before(state.write)) return Race{.before = state.write, .now = touch};
  if (how == Touching::read) {
    std::erase_if(state.reads, before);
    state.reads.push_back(touch);
    return std::nullopt;
  }
  const auto unordered = std::ranges::find_if_not(state.reads, before);
  if (unordered != state.reads.end()) return Race{.before = *unordered, .now = touch};
  state.reads.clear();
  state.write = touch;
  return std::nullopt;
}

}  // namespace lockstep::sim::detail
