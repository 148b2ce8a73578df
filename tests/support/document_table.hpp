// Tables of the documentation whose cells say what a test observes.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// The table below the line `<!-- observed: NAME -->` of a page. With LOCKSTEP_WRITE_OBSERVED in the
/// environment cells are written, and not compared.
class DocumentTable {
 public:
  DocumentTable(std::string path, const std::string& name) : path_{std::move(path)} {
    std::ifstream file{path_};
    for (std::string line; std::getline(file, line);) lines_.push_back(line);
    const auto mark = "<!-- observed: " + name + " -->";
    while (head_ < lines_.size() && lines_[head_] != mark) ++head_;
    do {
      ++head_;
      if (head_ >= lines_.size()) throw std::runtime_error{path_ + " has no table " + name};
    } while (!lines_[head_].starts_with("| "));
  }

  /// The first cell of `row` and of the table's head name the cell, which is to be `observed`.
  void check(std::string_view row, std::string_view column, const std::string& observed) {
    const auto head = cells(lines_[head_]);
    std::size_t at = 0;
    while (at < head.size() && head[at] != column) ++at;
    for (auto line = head_ + 2; line < lines_.size() && lines_[line].starts_with("|"); ++line) {
      auto found = cells(lines_[line]);
      if (found.front() != row || at >= found.size()) continue;
      if (std::getenv("LOCKSTEP_WRITE_OBSERVED") == nullptr) {
        BOOST_TEST(found[at] == observed, path_ << ":" << line + 1 << " says of \"" << row << "\" with "
                                                << column << ": " << found[at]
                                                << "; observed is: " << observed);
        return;
      }
      found[at] = observed;
      lines_[line] = "|";
      for (const auto& cell : found) lines_[line] += " " + cell + " |";
      std::ofstream file{path_};
      for (const auto& each : lines_) file << each << '\n';
      return;
    }
    BOOST_ERROR(path_ << " has no cell \"" << row << "\" with " << column);
  }

 private:
  static std::vector<std::string> cells(std::string_view line) {
    std::vector<std::string> all;
    for (auto begin = line.find('|'); begin != std::string_view::npos;) {
      const auto end = line.find('|', begin + 1);
      if (end == std::string_view::npos) break;
      auto cell = line.substr(begin + 1, end - begin - 1);
      while (cell.starts_with(' ')) cell.remove_prefix(1);
      while (cell.ends_with(' ')) cell.remove_suffix(1);
      all.emplace_back(cell);
      begin = end;
    }
    return all;
  }

  std::string path_;
  std::vector<std::string> lines_;
  std::size_t head_ = 0;
};

}  // namespace test
