// What the program tells its caller.
#pragma once

namespace lockstep::sim::cli {

enum class ExitStatus {
  as_expected = 0,
  differs = 1,        ///< a verdict is not the expected one
  bad_usage = 2,      ///< the command line, a name or a token makes no sense
  failed = 3,         ///< the program itself: cannot write, or a bug
  interrupted = 130,  ///< by Ctrl-C, as shells spell it
};

}  // namespace lockstep::sim::cli
