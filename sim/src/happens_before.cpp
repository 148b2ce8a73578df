#include <lockstep/sim/happens_before.hpp>

#include <algorithm>

namespace lockstep::sim::detail {

namespace {

constexpr unsigned bit(Touching how) noexcept { return 1U << static_cast<unsigned>(how); }

constexpr unsigned plain_writes = bit(Touching::write) | bit(Touching::begin) | bit(Touching::end);

/// The kinds of access that race with one of this kind, if nothing orders the two.
constexpr unsigned conflicts(Touching how) noexcept {
  switch (how) {
    case Touching::read:
      return plain_writes | bit(Touching::atomic_write);
    case Touching::atomic_read:
      return plain_writes;
    case Touching::atomic_write:
      return plain_writes | bit(Touching::read);
    default:
      return ~0U;
  }
}

constexpr bool conflict(Touching left, Touching right) noexcept {
  return (conflicts(left) & bit(right)) != 0;
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

void HappensBefore::load(unsigned thread, const Clock& message, std::memory_order order) {
  Thread& self = threads_[thread];
  (acquires(order) ? self.now : self.read).join(message);
}

Clock HappensBefore::message(unsigned thread, std::memory_order order) {
  const Thread& self = threads_[thread];
  const Clock message = releases(order) ? self.now : self.released;
  if (releases(order)) tick(thread);
  return message;
}

void HappensBefore::store(unsigned thread, ObjectId atomic, std::memory_order order) {
  released(atomic) = message(thread, order);
}

void HappensBefore::extend(unsigned thread, ObjectId atomic, std::memory_order order) {
  released(atomic).join(message(thread, order));
}

void HappensBefore::fence(unsigned thread, std::memory_order order) {
  Thread& self = threads_[thread];
  if (acquires(order)) self.now.join(self.read);
  if (!releases(order)) return;
  self.released = self.now;
  tick(thread);
}

/// What races with an earlier access races with a later one as well that it happens before and that conflicts
/// with at least as much, unless a race was found already: so the later one is enough.
std::optional<Race> HappensBefore::touch(unsigned thread, ObjectId variable, Touching how,
                                         const source_location& where) {
  Variable& state = variables_[variable];
  if (state.run != run_) {
    state.run = run_;
    state.touches.clear();
  }
  const Clock& now = threads_[thread].now;
  const auto before = [&](const Touch& touch) { return touch.tick <= now[touch.thread]; };
  const Touch touch{.thread = thread, .tick = now[thread], .how = how, .where = where};
  for (const Touch& earlier : state.touches) {
    if (!before(earlier) && conflict(earlier.how, how)) return Race{.before = earlier, .now = touch};
  }
  std::erase_if(state.touches, [&](const Touch& earlier) {
    return before(earlier) && (conflicts(earlier.how) & ~conflicts(how)) == 0;
  });
  state.touches.push_back(touch);
  return std::nullopt;
}

}  // namespace lockstep::sim::detail
