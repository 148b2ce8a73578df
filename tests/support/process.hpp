// A process of a test's own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace test {

/// Runs `work` in a process of its own, which must not have inherited a connection.
class Process {
 public:
  template <class Work>
  explicit Process(Work&& work) : id_{fork()} {
    if (id_ != 0) return;
    int status = 1;
    try {
      work();
      status = 0;
    } catch (...) {  // the status says so
    }
    _exit(status);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits for the end: the exit status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    while (waitpid(id_, &status, 0) < 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t id_;
};

}  // namespace test
