#include "child.hpp"

#include "text.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace lockstep::test {

using sim::cli::shell_word;

namespace {

/// The status of a process that ended by itself; shells add 128 to the signal that ended one.
int exit_status(int waited) { return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited); }

std::string words(const std::vector<std::string>& arguments) {
  std::string all;
  for (const auto& argument : arguments) all.append(" ").append(shell_word(argument));
  return all;
}

}  // namespace

Told told_by(const std::string& program, const std::vector<std::string>& arguments) {
  return told_by_shell(program, words(arguments));
}

Told told_by_shell(const std::string& program, const std::string& command) {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  const auto err = directory / "err";
  const auto line = "{ " + shell_word(program) + " " + command + "\n} </dev/null >" + shell_word(out) +
                    " 2>" + shell_word(err);
  const int status = exit_status(std::system(line.c_str()));  // NOLINT(concurrency-mt-unsafe): one thread
  return {status, contents(out), contents(err)};
}

TemporaryDirectory::TemporaryDirectory() {
  std::random_device random;
  const auto name = "lockstep-test-" + std::to_string(random()) + "-" + std::to_string(random());
  path_ = (std::filesystem::temp_directory_path() / name).string();
  if (!std::filesystem::create_directory(path_)) throw std::runtime_error{path_ + " exists"};
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string contents(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw std::runtime_error{"cannot read " + file};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace lockstep::test
