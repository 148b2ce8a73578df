// Conditions that must hold at every moment of an execution, not only at its end.
#pragma once

#include <lockstep/sim/step.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// A condition that is looked at after every step of every thread, and once more as it goes out of scope; if
/// it does not hold, that is a finding of kind `check` which names it and the step.
///
///     const sim::Invariant money{"no money is lost", [&] { return bank.balance(1) + bank.balance(2) == 200;
///     }};
///
/// It is looked at between steps, when each thread has come to its next step. Looking makes no steps and is
/// no data race. It must not change anything, nor have to wait.
///
/// As a condition may tell orders of steps apart that are alike to everybody else, it makes steps depend on
/// each other, and there is more to explore: all steps of all threads, or, if it says what it looks at, those
/// that change it. What it does not say must not make a difference to it: then violations are missed.
///
/// Make it before the threads that it watches over, and where it is destroyed before what it looks at.
class Invariant {
 public:
  /// `holds` may look at anything. Throws std::logic_error outside an execution, and if other threads run
  /// already.
  template <std::predicate Condition>
  Invariant(std::string_view name, Condition holds) : watch_{std::string{name}, {}, true, std::move(holds)} {
    begin();
  }
  /// `holds` looks at these objects only: `{reads(counter.id()), reads("accounts[1]")}`.
  template <std::predicate Condition>
  Invariant(std::string_view name, std::initializer_list<Access> looks_at, Condition holds)
      : watch_{std::string{name}, looks_at, false, std::move(holds)} {
    begin();
  }
  Invariant(const Invariant&) = delete;
  Invariant& operator=(const Invariant&) = delete;
  ~Invariant() {
    if (execution_ == Execution::current())
      execution_->unwatch(watch_, exceptions_ == std::uncaught_exceptions());
  }

 private:
  void begin() {
    execution_ = Execution::current();
    if (execution_ == nullptr) throw std::logic_error{"lockstep::sim::Invariant: there is no execution"};
    execution_->watch(watch_);
  }

  detail::Watch watch_;
  Execution* execution_ = nullptr;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace lockstep::sim
