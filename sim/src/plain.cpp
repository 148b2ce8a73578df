// Plain variables: races between their accesses, in words, and loops that wait for them.
#include <lockstep/sim/execution.hpp>

namespace lockstep::sim {

using detail::Race;
using detail::Touch;
using detail::Touching;

namespace {

constexpr std::uint32_t many_touches = 1'000;
constexpr std::uint32_t touches_per_step = 10;  // of the bound on an execution's steps
constexpr std::uint32_t most_rows = 100;        // between two steps

std::string_view verb(Touching how) {
  switch (how) {
    case Touching::read:
      return "reads";
    case Touching::atomic_read:
      return "atomically reads";
    case Touching::atomic_write:
      return "atomically writes";
    case Touching::write:
      return "writes";
    case Touching::begin:
      return "makes";
    case Touching::end:
      break;
  }
  return "destroys";
}

/// " (bank.cpp:12)", without directories: these differ between machines.
std::string line_of(const Touch& touch) {
  if (touch.where.line() == 0) return {};
  const std::string_view path = touch.where.file_name();
  const std::size_t slash = path.find_last_of("/\\");
  const std::string_view file = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return " (" + std::string{file} + ":" + std::to_string(touch.where.line()) + ")";
}

}  // namespace

void Execution::touch(ObjectId variable, Touching how, const source_location& where, std::string text) {
  if (judging_) return;
  Thread& self = *running_;
  const bool access = how == Touching::read || how == Touching::write;
  if (access && ++self.touches % many_touches == 0) linger(self);
  if (abandoned_) return;
  if (!std::exchange(ordering_, true)) order_.follow(count_);
  const std::optional<Race> race = order_.touch(self.ordinal, variable, how, where);
  const bool row = access ? self.section == nullptr && self.touches <= most_rows : how >= Touching::begin;
  if (row && (access || race)) {
    note(how == Touching::read  ? "read"
         : how == Touching::end ? "destroy"
                                : "write",
         variable, std::move(text), where);
  }
  if (race) report(FindingKind::data_race, describe_race(variable, *race));
}

/// Names the accesses by the numbers of their threads, so that both orders have the same text.
std::string Execution::describe_race(ObjectId variable, const Race& race) const {
  const bool swapped = race.now.thread < race.before.thread;
  const Touch& one = swapped ? race.now : race.before;
  const Touch& other = swapped ? race.before : race.now;
  const auto clause = [&](const Touch& touch, const std::string& object) {
    return name_of_thread(touch.thread) + " " + std::string{verb(touch.how)} + " " + object + line_of(touch);
  };
  return clause(one, name_of(variable)) + " and " + clause(other, "it") +
         ", and neither happens before the other";
}

/// A loop on a plain variable is no step and would never end: others go first, so that the write
/// that it waits for comes, and is found as a race. Nothing else that changes it could be seen.
void Execution::linger(Thread& self) {
  if (self.touches > touches_per_step * limits_.steps || abandoned_) {
    return fail(FindingKind::bound,
                name_of_thread(self.ordinal) + " touches plain variables " + std::to_string(self.touches) +
                    " times without a step in between (a loop on them never sees what others write)");
  }
  const std::uint32_t touches = self.touches;
  yield();
  self.touches = touches;
}

}  // namespace lockstep::sim
