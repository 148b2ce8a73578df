#include <lockstep/sim/history.hpp>

#include <array>

namespace lockstep::sim::detail {

namespace {

/// Threads beyond so many share an object: their returns then count as dependent, which costs only time.
constexpr std::size_t tellers = 8;

/// An object per thread: it is changed by a return of that thread, and looked at by every invocation.
const std::array<ObjectId, tellers>& returns() {
  static const auto objects = [] {
    std::array<ObjectId, tellers> made{};
    for (std::size_t i = 0; i != tellers; ++i) made.at(i) = object("returns of thread " + std::to_string(i));
    return made;
  }();
  return objects;
}

template <class Make>
std::array<Access, tellers> accesses(Make&& make) {
  std::array<Access, tellers> made{};
  for (std::size_t i = 0; i != tellers; ++i) made.at(i) = make(returns().at(i));
  return made;
}

}  // namespace

Footprint invocation_footprint() {
  static const auto all = accesses([](ObjectId id) { return reads(id); });
  return all;
}

Footprint return_footprint(unsigned thread) {
  static const auto each = accesses([](ObjectId id) { return writes(id); });
  return Footprint{each}.subspan(thread % tellers, 1);
}

std::uint64_t next_history() noexcept {
  static std::atomic<std::uint64_t> made{0};
  return ++made;
}

}  // namespace lockstep::sim::detail
