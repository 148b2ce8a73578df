// A process that is about to end in std::terminate shows the finding first.
//
// Stacks of an execution that is given up are unwound by an exception. If it meets a destructor or
// another function that must not throw, the language ends the process, and what was found would be lost.
// The same handler tells of code under test that calls std::terminate itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace lockstep::sim {

class Execution;

/// As long as it exists, the process does not end without showing what `execution` found, on the thread that
/// made it. One a thread.
class LastWords {
 public:
  LastWords(Execution& execution, const std::function<void()>& body, const std::string& name,
            std::uint64_t steps);
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

 private:
  [[noreturn]] static void speak() noexcept;
  void write_down() const;
  static void print(Execution& execution, const std::string& name);

  Execution* execution_;
  const std::function<void()>* body_;
  const std::string* name_;
  std::uint64_t steps_;
  LastWords* outer_;
};

}  // namespace lockstep::sim
