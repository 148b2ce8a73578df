// A worker that is to stop while it waits for work.
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_stop_request {

namespace {

/// A worker who has work for one round, and is asked to stop by jthread's destructor.
template <class Condition, class Wait>
void worker(Wait wait) {
  mutex guard;
  Condition filled;
  var<int> work{1};
  label(guard, "guard");
  label(filled, "filled");
  label(work, "work");
  const jthread running{[&](const stop_token& stop) {
    std::unique_lock lock{guard};
    while (!stop.stop_requested()) {
      if (wait(filled, lock, stop, [&] { return work != 0; })) work -= 1;
    }
  }};
}

void without_the_token() {
  worker<condition_variable>([](condition_variable& filled, auto& lock, const stop_token&, auto ready) {
    filled.wait(lock, ready);
    return true;
  });
}

void with_the_token() {
  worker<condition_variable_any>([](condition_variable_any& filled, auto& lock, const stop_token& stop,
                                    auto ready) { return filled.wait(lock, stop, ready); });
}

const Registered scenarios[]{
    Registered{{.name = "stop_request/not_waited_for",
                .summary = "asks whether to stop, and then waits for work that never comes",
                .expected = FindingKind::deadlock,
                .body = without_the_token}},
    Registered{{.name = "stop_request/waited_for",
                .summary = "condition_variable_any waits for work or for the request",
                .body = with_the_token}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_stop_request
