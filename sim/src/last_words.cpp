#include "last_words.hpp"

#include <lockstep/sim/execution.hpp>

#include "replay.hpp"
#include "token.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <utility>

namespace lockstep::sim {

namespace {

thread_local constinit LastWords* speaker = nullptr;

/// The handler of the process, for as long as any thread has something to say.
class Handler {
 public:
  void install(std::terminate_handler handler) {
    const std::lock_guard lock{mutex_};
    if (users_++ == 0) before_ = std::set_terminate(handler);
  }
  void remove() {
    const std::lock_guard lock{mutex_};
    if (--users_ == 0) std::set_terminate(before_);
  }
  [[nodiscard]] std::terminate_handler before() {
    const std::lock_guard lock{mutex_};
    return before_;
  }

 private:
  std::mutex mutex_;
  unsigned users_ = 0;
  std::terminate_handler before_ = nullptr;
};

constinit Handler handler;

}  // namespace

LastWords::LastWords(Execution& execution, const std::function<void()>& body, const std::string& name,
                     std::uint64_t steps)
    : execution_{&execution},
      body_{&body},
      name_{&name},
      steps_{steps},
      outer_{std::exchange(speaker, this)} {
  handler.install(&LastWords::speak);
}

LastWords::~LastWords() {
  handler.remove();
  speaker = outer_;
}

void LastWords::speak() noexcept {
  Execution* execution = Execution::current();
  if (speaker != nullptr && execution != nullptr) {
    if (execution->recording()) {
      print(*execution, *speaker->name_);
    } else {
      speaker->write_down();
    }
  }
  if (const std::terminate_handler before = handler.before(); before != nullptr) before();
  std::abort();
}

/// Runs what has just been run once more, now with its steps written down.
void LastWords::write_down() const {
  Replay replay{execution_->decisions()};
  replay.begin();
  auto* again = new Execution;  // never destroyed: its stacks are not unwound
  again->allow_spurious(execution_->spurious_allowed());
  again->allow_timeouts(execution_->timeouts_allowed());
  again->run_for_the_last_time(*body_, replay, {.steps = steps_, .recording = true});
  print(*again, *name_);
}

void LastWords::print(Execution& execution, const std::string& name) {
  execution.terminated();
  std::string text = timeline(execution.finding());
  text +=
      "\nreplay: " + token_of(execution, name) +
      "\n\nThe process ends here: std::terminate was called, because a destructor or another function that "
      "must not throw\nwas to be left by an exception (of the test, or of the simulator that unwinds "
      "the stacks of a failed execution).\n";
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace lockstep::sim
