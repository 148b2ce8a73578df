#include "terminal.hpp"

#include "errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#if __has_include(<unistd.h>) && __has_include(<sys/ioctl.h>)
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace lockstep::sim::cli {

namespace {

constexpr std::size_t usual_width = 80;

/// The value of an environment variable; empty if it is not set.
std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value ? value : "";
}

bool wants_colour(std::FILE* stream) {
  return is_terminal(stream) && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

std::string_view code(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "1";
    case Tone::faint:
      return "2";
    case Tone::good:
      return "32";
    case Tone::bad:
      return "1;31";
    case Tone::plain:
      break;
  }
  return "";
}

}  // namespace

#ifdef TIOCGWINSZ
bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

std::size_t width_of(std::FILE* stream) {
  winsize size{};
  const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : usual_width;
}
#else
bool is_terminal(std::FILE*) { return false; }

std::size_t width_of(std::FILE*) { return usual_width; }
#endif

Terminal::Terminal(std::FILE* stream) : stream_{stream}, colour_{wants_colour(stream)} {}

void Terminal::print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stream_) == text.size();
  if (written && std::fflush(stream_) == 0) return;
  throw Failed{fmt::format("cannot write the report: {}", std::generic_category().message(errno))};
}

std::string Terminal::painted(std::string_view text, Tone tone) const {
  if (!colour_ || tone == Tone::plain) return std::string{text};
  return fmt::format("\x1b[{}m{}\x1b[0m", code(tone), text);
}

}  // namespace lockstep::sim::cli
