#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/recorded.hpp>

#include <limits>

namespace lockstep::sim::detail {

namespace {

struct Open {
  const TransactionHistory* history;
  unsigned thread;
  TransactionHistory::Recording* recording;
};

/// Those of a real thread, or of all simulated threads, which share one.
std::vector<Open>& open_ones() {
  thread_local std::vector<Open> open;
  return open;
}

/// A simulated thread's ordinal; one number for the real thread itself.
unsigned self() {
  const Execution* execution = Execution::current();
  return execution != nullptr ? execution->self() : std::numeric_limits<unsigned>::max();
}

}  // namespace

TransactionHistory::Recording* open_transaction(const TransactionHistory& history) {
  for (const Open& each : open_ones()) {
    if (each.history == &history && each.thread == self()) return each.recording;
  }
  return nullptr;
}

Opened::Opened(const TransactionHistory& history, TransactionHistory::Recording& recording)
    : history_{&history} {
  open_ones().push_back({&history, self(), &recording});
}

Opened::~Opened() {
  std::erase_if(open_ones(),
                [&](const Open& each) { return each.history == history_ && each.thread == self(); });
}

}  // namespace lockstep::sim::detail
