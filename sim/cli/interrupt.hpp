// Ctrl-C asks a run to stop; what is known by then is still reported.
#pragma once

namespace lockstep::sim::cli {

/// While it lives, the first Ctrl-C only sets a flag; the second ends the program.
/// One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// Throws Interrupted if Ctrl-C was pressed.
  static void check();

 private:
  void (*before_)(int);
};

}  // namespace lockstep::sim::cli
