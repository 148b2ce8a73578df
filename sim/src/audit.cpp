#include <lockstep/sim/audit.hpp>

#include "orders.hpp"

#include <algorithm>

namespace lockstep::sim {

bool Audit::needs(const NamedOrder& named) const {
  return std::ranges::all_of(tried,
                             [&](const TriedOrder& each) { return each.named != named || each.fails(); });
}

Audit audit(const std::function<void()>& body, Options options) {
  if (options.model == MemoryModel::interleavings) options.model = MemoryModel::rc11;
  Audit audit;
  Orders as_named;
  audit.result = explore(body, options, as_named);
  audit.orders.assign(as_named.seen().begin(), as_named.seen().end());
  if (audit.result.finding) return audit;
  for (const NamedOrder& named : audit.orders) {
    for (const std::memory_order order : weaker_than(named.operation, named.order)) {
      Orders orders{{{named, order}}};
      audit.tried.push_back({named, order, explore(body, options, orders)});
    }
  }
  return audit;
}

namespace {

std::string text(const NamedOrder& named) {
  return named.source.file + ":" + std::to_string(named.source.line) + ":" + std::to_string(named.column) +
         " " + named.operation + " " + std::string{to_string(named.order)};
}

}  // namespace

std::string Audit::report() const {
  if (result.finding) return result.report();
  std::string report;
  for (const NamedOrder& named : orders) {
    std::string enough;
    std::string fails;
    std::string shown;
    for (const TriedOrder& each : tried) {
      if (each.named != named) continue;
      if (!each.fails()) {
        enough = to_string(each.order);  // the last one is the weakest
        if (!each.result.complete) enough += " (as far as was explored)";
        continue;
      }
      fails += "    " + std::string{to_string(each.order)} + ": " +
               std::string{to_string(each.result.finding->kind)} + ": " + each.result.finding->message + "\n";
      if (shown.empty()) shown = "\n" + timeline(*each.result.finding) + "\n";
    }
    report += text(named) + ": " +
              (!enough.empty() ? "stronger than needed, " + enough + " is enough"
               : fails.empty() ? std::string{"as weak as can be"}
                               : std::string{"needed"}) +
              "\n" + fails + (enough.empty() ? shown : std::string{});
  }
  return report;
}

}  // namespace lockstep::sim
