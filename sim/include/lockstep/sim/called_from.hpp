// The lines that steps are shown at which have none of their own: what a verb does, what a guard does in its
// destructor.
#pragma once

#include <lockstep/core/caller.hpp>
#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/source_location.hpp>

namespace lockstep::sim::detail {

/// Until it is destroyed, steps of the running thread that have no line of their own are shown at the line of
/// who called. If there are several, the outermost counts. Cost while exploring: a comparison.
class CalledFrom {
 public:
  explicit CalledFrom(const Caller& where) noexcept : execution_{Execution::current()} {
    if (execution_ != nullptr) before_ = execution_->calls_from(where);
  }
  explicit CalledFrom(const source_location& where) noexcept
      : CalledFrom{Caller{.file = where.file_name(), .line = static_cast<unsigned>(where.line())}} {}
  CalledFrom(const CalledFrom&) = delete;
  CalledFrom& operator=(const CalledFrom&) = delete;
  ~CalledFrom() {
    if (execution_ != nullptr) execution_->returns_to(before_);
  }

 private:
  Execution* execution_;
  Caller before_;
};

}  // namespace lockstep::sim::detail
