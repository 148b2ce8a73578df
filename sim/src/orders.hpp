// Memory orders in place of those that the code names, and which it names.
#pragma once

#include <lockstep/sim/audit.hpp>
#include <lockstep/sim/weak_memory.hpp>

#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// Knows the orders of operations by where they stand. May be used by several threads at once.
class Orders {
 public:
  Orders() = default;
  /// With another order in place of each of these.
  explicit Orders(std::vector<std::pair<NamedOrder, std::memory_order>> instead)
      : instead_{std::move(instead)} {}

  /// The order that the operation is to have.
  std::memory_order of(std::string_view operation, std::memory_order named, const source_location& where);
  /// What was asked for.
  [[nodiscard]] const std::set<NamedOrder>& seen() const noexcept { return seen_; }

 private:
  std::vector<std::pair<NamedOrder, std::memory_order>> instead_;
  std::mutex mutex_;
  std::set<NamedOrder> seen_;
};

/// The weaker orders that an operation of that name could have instead; the nearest comes first.
[[nodiscard]] std::vector<std::memory_order> weaker_than(std::string_view operation, std::memory_order order);

/// `explore`, with these orders.
[[nodiscard]] Result explore(const std::function<void()>& body, const Options& options, Orders& orders);

}  // namespace lockstep::sim
