#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/nondet.hpp>

#include <stdexcept>
#include <string>

namespace lockstep::sim {

unsigned nondet(unsigned count, std::string_view name, source_location where) {
  Execution* const execution = Execution::current();
  if (execution == nullptr) throw std::logic_error{"lockstep::sim::nondet: there is no execution"};
  if (count == 0 || count > Decision::by_default)
    throw std::invalid_argument{"lockstep::sim::nondet: of 1 to 255 values, not of " + std::to_string(count)};
  Deciding choosing{name, where};
  execution->visible(choosing);
  const unsigned chosen = execution->outcome_of(count);
  if (execution->recording()) execution->outcome("-> " + std::to_string(chosen));
  return chosen;
}

}  // namespace lockstep::sim
