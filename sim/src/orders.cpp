#include "orders.hpp"

#include "source_line.hpp"

#include <algorithm>
#include <array>

namespace lockstep::sim {

namespace {

constexpr std::array all{std::memory_order_relaxed, std::memory_order_acquire, std::memory_order_release,
                         std::memory_order_acq_rel, std::memory_order_seq_cst};

/// True if `order` asks for at least what `other` asks for.
bool includes(std::memory_order order, std::memory_order other) {
  if (order == other || order == std::memory_order_seq_cst || other == std::memory_order_relaxed) return true;
  return order == std::memory_order_acq_rel && other != std::memory_order_seq_cst;
}

bool suits(std::string_view operation, std::memory_order order) {
  const bool loads =
      operation == "load" || operation == "wait" || operation == "await" || operation.ends_with("that fails");
  if (loads) return order != std::memory_order_release && order != std::memory_order_acq_rel;
  if (operation == "store") return order != std::memory_order_acquire && order != std::memory_order_acq_rel;
  return true;
}

}  // namespace

std::string_view to_string(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    default:
      return "seq_cst";
  }
}

std::vector<std::memory_order> weaker_than(std::string_view operation, std::memory_order order) {
  std::vector<std::memory_order> weaker;
  for (auto other = all.rbegin(); other != all.rend(); ++other) {
    if (*other != order && includes(order, *other) && suits(operation, *other)) weaker.push_back(*other);
  }
  return weaker;
}

std::memory_order Orders::of(std::string_view operation, std::memory_order named,
                             const source_location& where) {
  const std::optional<SourceLine> source = source_line(where);
  if (!source) return named;
  NamedOrder asked{*source, where.column(), std::string{operation}, named};
  std::memory_order order = named;
  for (const auto& [other, instead] : instead_) {
    if (other == asked) order = instead;
  }
  const std::lock_guard lock{mutex_};
  seen_.insert(std::move(asked));
  return order;
}

}  // namespace lockstep::sim
