#include "table.hpp"

#include <fmt/format.h>
#include <gsl/assert>

#include <algorithm>
#include <utility>

namespace lockstep::sim::cli {

namespace {

constexpr std::string_view gap = "  ";

std::string aligned(const Cell& cell, Align align, std::size_t width, const Terminal& terminal) {
  const std::string blanks(width - std::min(width, cell.text.size()), ' ');
  const auto text = terminal.painted(cell.text, cell.tone);
  return align == Align::left ? text + blanks : blanks + text;
}

std::string without_blanks_at_end(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_{std::move(columns)} {
  widths_.reserve(columns_.size());
  for (const auto& column : columns_) widths_.push_back(column.title.size());
}

void Table::add(std::vector<Cell> row) {
  Expects(row.size() == columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], row[i].text.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Terminal& terminal) const {
  const bool titled = std::ranges::any_of(columns_, [](const auto& c) { return !c.title.empty(); });
  auto all = titled ? line(titles(), terminal) : "";
  for (const auto& row : rows_) all += line(row, terminal);
  return all;
}

std::vector<Cell> Table::titles() const {
  std::vector<Cell> row;
  row.reserve(columns_.size());
  for (const auto& column : columns_) row.push_back({column.title, Tone::faint});
  return row;
}

std::string Table::line(const std::vector<Cell>& row, const Terminal& terminal) const {
  std::string all;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) all += gap;
    all += aligned(row[i], columns_[i].align, widths_[i], terminal);
  }
  return without_blanks_at_end(std::move(all)) + "\n";
}

}  // namespace lockstep::sim::cli
