// A table of text with aligned columns.
#pragma once

#include "terminal.hpp"

#include <string>
#include <vector>

namespace lockstep::sim::cli {

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

enum class Align { left, right };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);

  /// One cell per column.
  void add(std::vector<Cell> row);

  /// Titles (if any column has one) and rows, each on a line, without blanks at its end.
  [[nodiscard]] std::string text(const Terminal& terminal) const;

 private:
  [[nodiscard]] std::string line(const std::vector<Cell>& row, const Terminal& terminal) const;
  [[nodiscard]] std::vector<Cell> titles() const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace lockstep::sim::cli
