// Small random programs of all primitives, and the traces that an explorer finds of them.
#pragma once

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/explorer.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace lockstep::sim::test {

/// What the threads of a program share.
struct World;

/// One instruction: `which` of two objects, and one of two `variant`s.
struct Instruction {
  using Code = void (*)(World&, unsigned which, bool variant);
  Code run;
  unsigned which;
  bool variant;
};

/// The instructions of each thread.
using Program = std::vector<std::vector<Instruction>>;

/// Kinds of instructions, to be combined.
enum Kind : unsigned {
  atomics = 1,
  locks = 2,
  waits = 4,
  parking = 8,
  timed = 16,
  failing = 32,
  steps = 64,
  stops = 128
};

/// The program of that number: of two to `threads` threads, about `length` instructions in all.
Program random_program(unsigned number, unsigned kinds, unsigned threads, unsigned length);
/// As text, to be read.
std::string to_string(const Program& program);

/// The program as the body of a test, which tells what its atomics hold in the end.
std::function<void()> body(Program program, std::function<void(const std::string& values)> tell);

/// What an explorer finds of a program.
struct Exploration {
  std::multiset<std::string> traces = {};  ///< a text each, the same for all interleavings of a trace
  std::uint64_t blocked = 0;
  bool ended = true;  ///< false: there were more than `most`
};

/// All that `explorer` explores, with so many spurious events and early timeouts in an execution at most.
Exploration traces(const Program& program, Explorer& explorer, std::uint64_t most, unsigned spurious = 0,
                   unsigned timeouts = 0);

}  // namespace lockstep::sim::test
