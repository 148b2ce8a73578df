// A finding as a page of HTML. What a reader sees is all in the markup; the script only chooses the current
// step.
#include <lockstep/sim/finding.hpp>

#include "page.hpp"
#include "states.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// g++ 12 takes "text" + std::string for overlapping memory (GCC bug 105651).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wrestrict"
#endif

namespace lockstep::sim {

namespace {

constexpr std::size_t most_rows = 400;  // longer findings lose their middle

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

/// "<name attributes>escaped text</name>"
std::string element(std::string_view name, std::string_view attributes, std::string_view text) {
  std::string markup = "<" + std::string{name};
  if (!attributes.empty()) markup.append(" ").append(attributes);
  return markup.append(">").append(escaped(text)).append("</").append(name).append(">");
}

std::string text(const SourceLine& source) { return source.file + ":" + std::to_string(source.line); }

class Page {
 public:
  Page(const Finding& finding, std::string_view title) : finding_{&finding}, title_{title} {
    for (const Step& step : finding.steps) {
      lines_ = lines_ || step.source.has_value();
      named_ = std::max<std::size_t>(named_, step.thread + 1);
    }
  }

  [[nodiscard]] std::string text() const {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
           element("title", "", std::string{to_string(finding_->kind)} + " in " + std::string{title_}) +
           "\n<style>\n" + std::string{page::css} + "</style>\n</head>\n<body>\n" + header() + body() +
           "<script>\n" + std::string{page::js} + "</script>\n</body>\n</html>\n";
  }

 private:
  [[nodiscard]] std::string header() const {
    std::string markup = "<header>\n" + element("h1", "", title_) + "\n<p class=\"message\">" +
                         element("span", "class=\"kind\"", to_string(finding_->kind)) + ": " +
                         escaped(finding_->message);
    if (finding_->source)
      markup += " " + element("span", "class=\"at\"", "(" + sim::text(*finding_->source) + ")");
    markup += "</p>\n";
    if (!finding_->culprit.empty())
      markup += element("p", "class=\"culprit\"", "Who came between: " + finding_->culprit) + "\n";
    if (!finding_->too_weak.empty())
      markup += element("p", "class=\"culprit\"", "Which orders are too weak: " + finding_->too_weak) + "\n";
    if (!finding_->token.empty()) {
      markup += "<p class=\"faint\">To see it again: " +
                element("code", "class=\"token\"", "replay " + finding_->token) + "</p>\n";
    }
    return markup + "</header>\n";
  }

  [[nodiscard]] std::string body() const {
    if (finding_->steps.empty()) return "<main><p>The finding has no steps.</p></main>\n";
    return "<nav aria-label=\"Steps\">\n"
           "<button type=\"button\" data-key=\"Home\" aria-label=\"First step\">|◀</button>\n"
           "<button type=\"button\" data-key=\"ArrowUp\" aria-label=\"Step before\">◀</button>\n"
           "<button type=\"button\" data-key=\"ArrowDown\" aria-label=\"Next step\">▶</button>\n"
           "<button type=\"button\" data-key=\"End\" aria-label=\"Last step\">▶|</button>\n"
           "<span id=\"said\" role=\"status\" aria-live=\"polite\"></span>\n"
           "<span class=\"faint\"><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Home</kbd> "
           "<kbd>End</kbd></span>\n</nav>\n<main>\n" +
           lanes() + aside() + "</main>\n";
  }

  /// Calls `visit(index)` for the steps that are shown, and `gap(count)` for those left out.
  template <class Visit, class Gap>
  void each(Visit&& visit, Gap&& gap) const {
    const std::size_t rows = finding_->steps.size();
    for (std::size_t i = 0; i != rows; ++i) {
      if (rows > most_rows && i == most_rows / 2) {
        gap(rows - most_rows);
        i += rows - most_rows;
      }
      visit(i);
    }
  }

  [[nodiscard]] std::string name(std::size_t thread) const {
    return thread < finding_->threads.size() ? finding_->threads[thread] : "t" + std::to_string(thread);
  }
  [[nodiscard]] std::size_t threads() const { return std::max(named_, finding_->threads.size()); }

  [[nodiscard]] std::string lanes() const {
    std::string markup =
        "<div class=\"lanes\">\n<svg aria-hidden=\"true\"><defs><marker id=\"head\" viewBox=\"0 0 6 6\" "
        "refX=\"5\" "
        "refY=\"3\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path d=\"M0,0 L6,3 L0,6 z\" "
        "style=\"fill:currentColor;fill:context-stroke;stroke:none;opacity:1\"/></marker></defs></"
        "svg>\n<table>\n<thead><tr>" +
        element("th", "scope=\"col\"", "step");
    for (std::size_t i = 0; i != threads(); ++i) markup += element("th", "scope=\"col\"", name(i));
    if (lines_) markup += element("th", "scope=\"col\"", "line");
    markup += "</tr></thead>\n<tbody>\n";
    const auto after = happens_after(*finding_);
    each([&](std::size_t i) { markup += row(i, after[i]); },
         [&](std::size_t count) {
           markup +=
               "<tr><th></th>" +
               element("td",
                       "class=\"faint\" colspan=\"" + std::to_string(threads() + (lines_ ? 1 : 0)) + "\"",
                       std::to_string(count) + " steps left out") +
               "</tr>\n";
         });
    return markup + "</tbody>\n</table>\n</div>\n";
  }

  [[nodiscard]] std::string row(std::size_t index, const std::vector<std::size_t>& after) const {
    const Step& step = finding_->steps[index];
    std::string markup = "<tr data-step=\"" + std::to_string(index + 1) + "\"";
    if (!after.empty()) {
      std::string list;
      for (const std::size_t earlier : after) list += (list.empty() ? "" : " ") + std::to_string(earlier + 1);
      markup += " data-after=\"" + list + "\"";
    }
    if (step.from && finding_->steps[*step.from].thread != step.thread)
      markup += " data-from=\"" + std::to_string(*step.from + 1) + "\"";
    const bool last = index + 1 == finding_->steps.size();
    if (step.switched || last) {
      markup += std::string{" class=\""} + (step.switched ? "switch" : "") +
                (step.switched && last ? " " : "") + (last ? "last" : "") + "\"";
    }
    markup += ">" + element("th", "scope=\"row\"", std::to_string(index + 1));
    for (std::size_t thread = 0; thread != threads(); ++thread) {
      markup += thread == step.thread ? cell(step) : "<td></td>";
    }
    if (lines_) markup += element("td", "class=\"at\"", step.source ? sim::text(*step.source) : "");
    return markup + "</tr>\n";
  }

  [[nodiscard]] std::string cell(const Step& step) const {
    std::string markup = "<td data-thread=\"" + escaped(name(step.thread)) + "\">" +
                         element("span", "class=\"op\"", step.operation);
    for (const std::string* part : {&step.object, &step.outcome}) {
      if (!part->empty()) markup += " " + escaped(*part);
    }
    return markup + "</td>";
  }

  [[nodiscard]] std::string aside() const {
    std::string markup =
        "<aside aria-label=\"Objects\">\n<h2>After step <span "
        "id=\"moment\"></span></h2>\n<table>\n<thead><tr>" +
        element("th", "scope=\"col\"", "object") + element("th", "scope=\"col\"", "holds") +
        element("th", "scope=\"col\"", "locked by") + "</tr></thead>\n";
    const std::vector<State> all = states(*finding_);
    const auto nothing = [](std::size_t) {};
    each([&](std::size_t i) { markup += state(i, all[i]); }, nothing);
    markup +=
        "</table>\n<p class=\"faint\">An arrow leads from a step to one of another thread that comes after "
        "it in any "
        "order with the same outcome: both touch an object, and one writes it.</p>\n";
    if (std::ranges::any_of(finding_->steps, &Step::weak)) {
      markup +=
          "<p class=\"faint\">A <span class=\"read\">dashed arrow</span> leads from a store to a load that "
          "has read "
          "it. What an object holds is the newest store to it, which a load need not see. A store is before "
          "a "
          "load only if memory orders make it so.</p>\n";
    }
    return markup + "</aside>\n";
  }

  [[nodiscard]] std::string state(std::size_t index, const State& state) const {
    const bool last = index + 1 == finding_->steps.size();
    std::string markup =
        "<tbody data-step=\"" + std::to_string(index + 1) + "\"" + (last ? "" : " hidden") + ">\n";
    for (const auto& [object, now] : state) {
      std::string owners;
      for (const unsigned owner : now.owners) owners += (owners.empty() ? "" : ", ") + name(owner);
      markup += std::string{now.changed ? "<tr class=\"changed\">" : "<tr>"} +
                element("th", "scope=\"row\"", object) + element("td", "", now.holds) +
                element("td", "", owners) + "</tr>\n";
    }
    return markup + "</tbody>\n";
  }

  const Finding* finding_;
  std::string_view title_;
  std::size_t named_ = 0;
  bool lines_ = false;
};

}  // namespace

std::string html(const Finding& finding, std::string_view title) { return Page{finding, title}.text(); }

}  // namespace lockstep::sim
