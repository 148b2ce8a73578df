#include "too_weak.hpp"

#include <lockstep/sim/execution.hpp>

#include "exploration.hpp"
#include "orders.hpp"
#include "replay.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::sim {

namespace {

using Body = std::function<void()>;
using Instead = std::vector<std::pair<NamedOrder, std::memory_order>>;

class Strengthening {
 public:
  Strengthening(const Body& body, const Options& options) : body_{&body}, options_{options} {
    options_.strategy = Strategy::exhaustive;
    options_.jobs = 1;  // the same text in each run
    options_.keep_going = false;
    options_.time = {};
    options_.progress = {};
  }

  [[nodiscard]] std::string run(const std::vector<Decision>& failing) {
    constexpr std::uint64_t most_steps = 250;  // the model's questions cost more than the square of them
    Instead strong = strengthened(orders_of(failing));
    if (length_ > most_steps) return {};
    if (strong.empty() || !enough(strong)) {
      orders_help_ = !strong.empty() && !found_;
      return {};
    }
    if (strong.size() != 1) {
      const auto alone = std::ranges::find_if(strong, [&](const auto& each) { return enough({each}); });
      strong = alone != strong.end() ? Instead{*alone} : none_to_spare(std::move(strong));
    }
    return text(weakest(std::move(strong)));
  }

  /// False if something was found with all of them seq_cst.
  [[nodiscard]] bool orders_help() const noexcept { return orders_help_; }

 private:
  /// Those of the execution that could be stronger.
  std::vector<NamedOrder> orders_of(const std::vector<Decision>& failing) {
    Orders seen;
    Execution execution;
    execution.use(options_.model, &seen);
    execution.allow_spurious(options_.spurious);
    execution.allow_timeouts(options_.timeouts);
    Replay replay{failing};
    replay.begin();
    length_ = std::max<std::uint64_t>(1, execution.run(*body_, replay, {.steps = options_.steps}).steps);
    std::vector<NamedOrder> weak;
    std::ranges::copy_if(seen.seen(), std::back_inserter(weak),
                         [](const NamedOrder& each) { return each.order != std::memory_order_seq_cst; });
    return weak;
  }

  static Instead strengthened(const std::vector<NamedOrder>& weak) {
    Instead strong;
    for (const NamedOrder& each : weak) strong.emplace_back(each, std::memory_order_seq_cst);
    return strong;
  }

  /// True if nothing is found with these orders, and there is nothing more to find.
  bool enough(const Instead& instead) {
    constexpr std::uint64_t most = 100'000;  // steps of one exploration, and three times as many before it
    if (spent_ > 3 * most) return false;
    options_.executions = std::max<std::uint64_t>(100, most / length_);
    Orders orders{instead};
    const Result result = Exploration{*body_, options_, &orders}.count();
    spent_ += result.steps;
    found_ = !result.found.empty();
    return result.complete && !found_;
  }

  Instead none_to_spare(Instead strong) {
    for (std::size_t i = strong.size(); i-- != 0;) {
      Instead fewer = strong;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (enough(fewer)) strong = std::move(fewer);
    }
    return strong;
  }

  Instead weakest(Instead strong) {
    for (auto& [named, order] : strong) {
      const auto weaker = weaker_than(named.operation, std::memory_order_seq_cst);
      for (const std::memory_order other : std::views::reverse(weaker)) {
        if (!is_weaker(named.operation, named.order, other)) continue;
        const auto before = std::exchange(order, other);
        if (enough(strong)) break;
        order = before;
      }
    }
    return strong;
  }
  static bool is_weaker(std::string_view operation, std::memory_order order, std::memory_order other) {
    return std::ranges::count(weaker_than(operation, other), order) != 0;
  }

  static std::string text(const Instead& orders) {
    std::string text = "with ";
    for (std::size_t i = 0; i != orders.size(); ++i) {
      const auto& [named, order] = orders[i];
      if (i != 0) text += i + 1 == orders.size() ? " and " : ", ";
      text.append(to_string(order)).append(" for the ").append(to_string(named.order)).append(" ");
      text += named.operation + " (" + named.source.file + ":" + std::to_string(named.source.line) + ":" +
              std::to_string(named.column) + ")";
    }
    return text + " nothing is found";
  }

  const Body* body_;
  Options options_;
  bool found_ = false;        ///< something, by the latest exploration
  bool orders_help_ = true;   ///< as far as is known
  std::uint64_t length_ = 1;  ///< of the failing execution
  std::uint64_t spent_ = 0;   ///< steps
};

}  // namespace

void blame_orders(Finding& finding, const Body& body, const Options& options,
                  const std::vector<Decision>& failing) {
  if (options.model == MemoryModel::interleavings || finding.kind == FindingKind::nondeterminism) return;
  Strengthening strengthening{body, options};
  finding.too_weak = strengthening.run(failing);
  finding.orders_help = strengthening.orders_help();
  if (!finding.too_weak.empty()) finding.culprit.clear();  // there is a cause before it
}

}  // namespace lockstep::sim
