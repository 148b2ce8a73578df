#include <lockstep/sim/memory_model.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace lockstep::sim {

namespace {
constexpr std::array<std::pair<MemoryModel, std::string_view>, 3> names{
    {{MemoryModel::interleavings, "interleavings"}, {MemoryModel::rc11, "rc11"}, {MemoryModel::sc, "sc"}}};
}

std::string_view to_string(MemoryModel model) {
  return std::ranges::find(names, model, &std::pair<MemoryModel, std::string_view>::first)->second;
}

std::optional<MemoryModel> memory_model(std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<MemoryModel, std::string_view>::second);
  if (found == names.end()) return std::nullopt;
  return found->first;
}

}  // namespace lockstep::sim
