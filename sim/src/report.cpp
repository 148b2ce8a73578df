// Findings as text for people.
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/text.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

namespace {

constexpr std::size_t page = 110;      // columns of text
constexpr std::size_t most_rows = 40;  // of a timeline; longer ones lose their middle

/// Whole characters of UTF-8 count as one column.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Filled up to `width` columns.
std::string fit(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns(text)), ' ');
}

/// Lines of at most `width` columns, broken at blanks where there are some, or else anywhere.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t used = 0;   // columns of the last line
  std::size_t blank = 0;  // where it can be broken, in bytes; 0: nowhere
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins && used == width && c == ' ') {  // breaks just here
      lines.emplace_back();
      used = blank = 0;
      continue;
    }
    if (begins && used == width) {
      std::string rest = blank == 0 ? std::string{} : lines.back().substr(blank);
      if (blank != 0) lines.back().resize(blank);
      used = columns(rest);
      blank = 0;
      lines.push_back(std::move(rest));
    }
    lines.back() += c;
    if (begins) ++used;
    if (c == ' ') blank = lines.back().size();
  }
  return lines;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string cell(const Step& step) {
  std::string text = step.operation;
  for (const std::string* part : {&step.object, &step.outcome}) {
    if (!part->empty()) text += " " + *part;
  }
  return text;
}

std::string text(const SourceLine& source) { return source.file + ":" + std::to_string(source.line); }

/// The file that more than half of the known lines are of; empty if there is none.
std::string main_file(const Finding& finding) {
  std::map<std::string_view, std::size_t> lines;
  std::size_t all = 0;
  for (const Step& step : finding.steps) {
    if (!step.source) continue;
    ++lines[step.source->file];
    ++all;
  }
  const auto most = std::ranges::find_if(lines, [&](const auto& file) { return 2 * file.second > all; });
  return most != lines.end() ? std::string{most->first} : std::string{};
}

/// The text of a timeline: "step | column | column | line". Threads that make no step have no column.
class Table {
 public:
  explicit Table(const Finding& finding) : finding_{&finding}, file_{main_file(finding)} {
    for (std::size_t thread = 0; thread != finding.threads.size(); ++thread) {
      std::size_t width = 0;
      for (const Step& step : finding.steps) {
        if (step.thread == thread) width = std::max(width, columns(cell(step)));
      }
      if (width == 0) continue;
      threads_.push_back(thread);
      widths_.push_back(std::max(width, columns(finding.threads[thread])));
    }
    number_ = std::max<std::size_t>(4, std::to_string(finding.steps.size()).size());
    for (const Step& step : finding.steps) {
      if (step.source) lines_ = std::max({lines_, columns(lines_title()), columns(line_of(step))});
    }
    shrink();
  }

  [[nodiscard]] std::string text() const {
    std::string text =
        line("step", [&](std::size_t thread) { return finding_->threads[thread]; }, lines_title());
    text += rule();
    const std::size_t rows = finding_->steps.size();
    for (std::size_t i = 0; i != rows; ++i) {
      if (rows > most_rows && i == most_rows / 2) {
        const std::size_t left_out = rows - most_rows;
        text += trimmed(std::string(number_ + 1, ' ') + "⋮ " + std::to_string(left_out) + " steps left out");
        i += left_out;
      }
      text += row(i);
    }
    return text;
  }

 private:
  static constexpr std::size_t gap = 3;  // " │ "

  /// Takes from the widest columns until the table fits the page.
  void shrink() {
    constexpr std::size_t narrowest = 12;
    for (;;) {
      std::size_t total = number_ + (lines_ != 0 ? gap + lines_ : 0);
      for (const std::size_t width : widths_) total += gap + width;
      const auto widest = std::ranges::max_element(widths_);
      if (total <= page || widest == widths_.end() || *widest <= narrowest) return;
      --*widest;
    }
  }

  /// Above the lines stands the file of most of them; another one stands at each of its lines.
  [[nodiscard]] std::string lines_title() const { return file_.empty() ? "line" : file_; }
  [[nodiscard]] std::string line_of(const Step& step) const {
    if (!step.source) return {};
    return file_ == step.source->file ? std::to_string(step.source->line) : sim::text(*step.source);
  }

  /// A row of the table, of as many lines of text as its longest cell needs.
  template <class Text>
  [[nodiscard]] std::string line(const std::string& number, Text&& text, const std::string& source,
                                 const char* mark = " │ ") const {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (std::size_t column = 0; column != widths_.size(); ++column) {
      cells.push_back(wrapped(text(threads_[column]), widths_[column]));
      height = std::max(height, cells.back().size());
    }
    std::string lines;
    for (std::size_t i = 0; i != height; ++i) {
      const std::string& shown = i == 0 ? number : std::string{};
      std::string line = std::string(number_ - std::min(number_, shown.size()), ' ') + shown;
      for (std::size_t column = 0; column != widths_.size(); ++column) {
        const std::string& part = i < cells[column].size() ? cells[column][i] : std::string{};
        line += (column != 0 || i != 0 ? " │ " : mark) + fit(part, widths_[column]);
      }
      if (lines_ != 0) line += " │ " + (i == 0 ? source : std::string{});
      lines += trimmed(line);
    }
    return lines;
  }

  [[nodiscard]] std::string rule() const {
    std::string line;
    for (std::size_t i = 0; i != number_ + 1; ++i) line += "─";
    std::vector<std::size_t> widths = widths_;
    if (lines_ != 0) widths.push_back(lines_);
    for (std::size_t column = 0; column != widths.size(); ++column) {
      line += "┼";
      for (std::size_t i = 0; i != widths[column] + (column + 1 == widths.size() ? 1 : 2); ++i) line += "─";
    }
    return line + "\n";
  }

  [[nodiscard]] std::string row(std::size_t index) const {
    const Step& step = finding_->steps[index];
    return line(
        std::to_string(index + 1),
        [&](std::size_t thread) { return thread == step.thread ? cell(step) : std::string{}; }, line_of(step),
        step.switched ? "▸│ " : " │ ");
  }

  const Finding* finding_;
  std::vector<std::size_t> threads_;  ///< those that have a column
  std::vector<std::size_t> widths_;   ///< of the columns
  std::string file_;                  ///< of most lines; empty if there is no such file
  std::size_t lines_ = 0;             ///< the width of their column; 0 if there is none
  std::size_t number_ = 4;
};

std::string count(std::uint64_t number, std::string_view one) {
  return std::to_string(number) + " " + std::string{one} + (number == 1 ? "" : "s");
}

}  // namespace

namespace detail {

std::string text(std::chrono::nanoseconds duration) {
  struct Unit {
    std::int64_t nanoseconds;
    const char* name;
  };
  for (const Unit unit : {Unit{1'000'000'000, "s"}, Unit{1'000'000, "ms"}, Unit{1'000, "us"}}) {
    if (duration.count() % unit.nanoseconds == 0)
      return std::to_string(duration.count() / unit.nanoseconds) + unit.name;
  }
  return std::to_string(duration.count()) + "ns";
}

std::string prefixed(std::string_view prefix, const std::string& value) {
  return value.empty() ? std::string{} : std::string{prefix}.append(value);
}

std::string from_to(const std::string& before, const std::string& after) {
  return after.empty() ? std::string{} : std::string{before}.append(" => ").append(after);
}

}  // namespace detail

std::string timeline(const Finding& finding) {
  std::string text = finding.steps.empty() ? std::string{} : Table{finding}.text();
  text += std::string{to_string(finding.kind)} + ": " + finding.message;
  if (finding.source) text += " (" + sim::text(*finding.source) + ")";
  text += "\n";
  if (!finding.culprit.empty()) text += "culprit: " + finding.culprit + "\n";
  if (!finding.too_weak.empty()) text += "culprit: " + finding.too_weak + "\n";
  if (!finding.orders_help)
    text += "no memory order is to blame: something is found with seq_cst everywhere, too\n";
  return text;
}

std::string Result::report() const {
  std::string text;
  if (finding) {
    text +=
        std::string{to_string(finding->kind)} + " found in execution " + std::to_string(executions) + "\n\n";
    text += timeline(*finding);
    if (!finding->token.empty()) text += "\nreplay: " + finding->token + "\n";
  } else {
    text += "no failure in " + count(executions, "execution");
    text += !complete ? ", and there may be more\n" : ", which are all there are\n";
    if (fair_only) text += "(fair ones: waiting loops that yield let others go first)\n";
    if (timely_only)
      text += "(timely ones: no time limit or sleep ends while others can go on; see Options::timeouts)\n";
  }
  if (!note.empty()) text += "note: " + note + "\n";
  return text;
}

}  // namespace lockstep::sim
