#include "checkpoint.hpp"

#include <lockstep/sim/explore.hpp>

#include "splitmix.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace lockstep::sim {

namespace {

constexpr std::string_view heading = "lockstep checkpoint 2\n";

std::uint64_t digest_of(std::string_view text) noexcept {
  std::uint64_t digest = 0;
  for (const char c : text) digest = SplitMix{digest ^ static_cast<unsigned char>(c)}();
  return digest;
}

void append(std::string& text, std::uint64_t number) {
  constexpr int base = 16;
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  text.append(digits.data(), end);
  text += ' ';
}

}  // namespace

CheckpointWriter& CheckpointWriter::operator<<(std::uint64_t number) {
  append(text_, number);
  return *this;
}

CheckpointWriter& CheckpointWriter::operator<<(std::string_view text) {
  *this << std::uint64_t{text.size()};
  for (const char c : text) *this << std::uint64_t{static_cast<unsigned char>(c)};
  return *this;
}

void CheckpointWriter::save(const std::string& file) const {
  const std::string beside = file + ".new";
  std::string digest;
  append(digest, digest_of(text_));
  {
    std::ofstream stream{beside, std::ios::binary | std::ios::trunc};
    stream << heading << text_ << digest << '\n';
    if (!stream.flush()) throw std::runtime_error{"cannot write the checkpoint " + beside};
  }
  std::error_code error;
  std::filesystem::rename(beside, file, error);
  if (error) throw std::runtime_error{"cannot write the checkpoint " + file + ": " + error.message()};
}

CheckpointReader::CheckpointReader(const std::string& file) : file_{file} {
  if (!std::filesystem::is_regular_file(file)) bad("it is no regular file");
  std::ifstream stream{file, std::ios::binary};
  text_.assign(std::istreambuf_iterator<char>{stream}, {});
  if (!stream) bad("it cannot be read");
  if (!text_.starts_with(heading)) bad("it is none, or one of another version");
  text_.erase(0, heading.size());
  constexpr std::string_view ending = " \n";
  if (!text_.ends_with(ending)) bad("it is cut");
  const std::size_t digest =
      text_.rfind(' ', text_.size() - ending.size() - 1) + 1;  // 0 if there is no other
  at_ = digest;
  if (number() != digest_of(std::string_view{text_}.substr(0, digest))) bad("it is cut or changed");
  text_.resize(digest);
  at_ = 0;
}

std::uint64_t CheckpointReader::number() {
  constexpr int base = 16;
  std::uint64_t number = 0;
  const char* const end = text_.data() + text_.size();
  const auto [rest, error] = std::from_chars(text_.data() + at_, end, number, base);
  if (error != std::errc{} || rest == end || *rest != ' ') bad("it is cut or changed");
  at_ = static_cast<std::size_t>(rest - text_.data()) + 1;
  return number;
}

std::uint64_t CheckpointReader::number(std::uint64_t most) {
  const std::uint64_t number = this->number();
  if (number > most) bad("it is changed");
  return number;
}

std::string CheckpointReader::text() {
  std::string text(size(), ' ');
  for (char& c : text)
    c = static_cast<char>(static_cast<unsigned char>(number(std::numeric_limits<unsigned char>::max())));
  return text;
}

void CheckpointReader::end() const {
  if (at_ != text_.size()) bad("there is more in it");
}

void CheckpointReader::bad(const std::string& why) const {
  throw BadCheckpoint{"cannot go on from the checkpoint " + file_ + ": " + why};
}

}  // namespace lockstep::sim
