#include "output_file.hpp"

#include "errors.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lockstep::sim::cli {

namespace {

[[noreturn]] void cannot_write(const std::string& name) {
  const auto reason = std::generic_category().message(errno);
  throw Failed{fmt::format("cannot write {}: {}", name == "-" ? "standard output" : in_quotes(name), reason)};
}

std::FILE* opened(const std::string& name) {
  if (name.empty()) return nullptr;
  if (name == "-") return stdout;
  std::FILE* const file = std::fopen(name.c_str(), "w");
  if (!file) cannot_write(name);
  return file;
}

}  // namespace

OutputFile::OutputFile(std::string name) : name_{std::move(name)}, file_{opened(name_)} {}

void OutputFile::write(std::string_view text) {
  if (!file_) return;
  const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  if (!written || std::fflush(file_.get()) != 0) cannot_write(name_);
}

void OutputFile::Close::operator()(std::FILE* file) const noexcept {
  if (file != stdout) std::fclose(file);
}

}  // namespace lockstep::sim::cli
