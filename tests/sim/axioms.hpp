// What a memory model allows a tiny program to do, by its axioms alone: the oracle for explorations.
//
// All candidate executions are enumerated (each read takes its value from any write to its location, the
// writes to each location stand in any order), and those are kept that satisfy the axioms, which are written
// down as in the paper. Nothing is run, and nothing is shared with the simulator.
//
// To judge an exploration: run `body(program, tell)` of access_program.hpp in it and compare
//   - the number of complete executions with `judge(program, model).graphs()`,
//   - what was told, each as often, with `.outcomes`,
// unless `.races`, when the exploration must find a data race.
//
// Source: Lahav, Vafeiadis, Kang, Hur & Dreyer, "Repairing Sequential Consistency in C/C++11", PLDI 2017;
// release sequences as in C++20 (P0982): only read-modify-writes continue one.
#pragma once

#include "access_program.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace lockstep::sim::test::axioms {

/// Sequential consistency, or the C++ memory model as repaired by Lahav et al.
enum class Model { sc, rc11 };

/// What a model says of a program.
struct Verdict {
  /// The outcomes that are allowed, with the number of consistent executions that have it. An execution is
  /// what each read reads from and the order of the writes to each location.
  std::map<std::string, std::uint64_t> outcomes = {};
  /// Some consistent execution has a data race, so the program means nothing in C++.
  bool races = false;

  /// The number of consistent executions.
  [[nodiscard]] std::uint64_t graphs() const;
};

/// How candidates are enumerated: all of them, or without those that an axiom excludes already when they are
/// half made. The verdict is the same.
enum class Candidates { promising, all };

/// Judges a program of at most 32 events: one for each read, write and fence, two for what both reads and
/// writes, and one for each location. `all` takes much longer.
Verdict judge(const Program& program, Model model, Candidates candidates = Candidates::promising);

}  // namespace lockstep::sim::test::axioms
