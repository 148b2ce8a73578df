// Which values loads may see.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep::sim {

/// What a load may read, and how executions are told apart.
enum class MemoryModel : std::uint8_t {
  interleavings,  ///< the latest store, whatever the memory orders; executions differ if steps that conflict
                  ///< come in another order
  rc11,           ///< what C++ allows, by the memory orders: executions differ if a load reads from another
                  ///< store, or stores to one atomic come in another order
  sc,             ///< executions told apart like that, but every operation sequentially consistent
};

/// The model's name, as the command line spells it.
[[nodiscard]] std::string_view to_string(MemoryModel model);
/// The model of that name, if there is one.
[[nodiscard]] std::optional<MemoryModel> memory_model(std::string_view name);

}  // namespace lockstep::sim
