#include "interrupt.hpp"

#include "errors.hpp"

#include <csignal>

namespace lockstep::sim::cli {

namespace {

volatile std::sig_atomic_t pressed = 0;

extern "C" void lockstep_sim_interrupted(int number) {
  pressed = 1;
  std::signal(number, SIG_DFL);
}

}  // namespace

InterruptWatch::InterruptWatch() : before_{std::signal(SIGINT, lockstep_sim_interrupted)} {
  pressed = 0;
  if (before_ == SIG_IGN) std::signal(SIGINT, SIG_IGN);  // a shell ignores it for what runs in the background
}

InterruptWatch::~InterruptWatch() {
  if (before_ != SIG_ERR) std::signal(SIGINT, before_);
}

void InterruptWatch::check() {
  if (pressed) throw Interrupted{};
}

}  // namespace lockstep::sim::cli
