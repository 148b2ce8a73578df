// One JSON object per line: what rowctl says, and when it goes on.
#pragma once

#include <boost/json/object.hpp>

#include <stdexcept>

namespace rowctl {

/// Nobody is there any more to say when to go on.
class InputEnded : public std::runtime_error {
 public:
  InputEnded() : runtime_error{"standard input ended before the line that was waited for"} {}
};

/// Prints `line`, at once.
void tell(const boost::json::object& line);

/// Returns after the next line of standard input, whatever it says. Throws InputEnded.
void await_line();

/// `tell({"event": event, ...})`, then `await_line()`.
void tell_and_wait(const char* event, boost::json::object line = {});

}  // namespace rowctl
