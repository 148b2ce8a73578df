// Names for the timeline: what is not named is called mutex#1, atomic#2, t1.
#pragma once

#include <lockstep/sim/thread.hpp>

#include <concepts>
#include <string_view>

namespace lockstep::sim {

/// A simulated primitive: something with an identity.
template <class T>
concept Identified = requires(const T& object) {
  { object.id() } -> std::same_as<ObjectId>;
};

/// Names an object of the running execution. Costs nothing while exploring, and nothing depends on it.
template <Identified T>
void label(const T& object, std::string_view name) {
  if (Execution* execution = Execution::current()) execution->label(object.id(), name);
}

/// Names a thread.
inline void label(const thread& thread, std::string_view name) {
  if (Execution* execution = Execution::current(); execution != nullptr && thread.joinable())
    execution->label_thread(thread.ordinal_, name);
}

namespace this_thread {
/// Names the calling thread. The body of a test is called main otherwise.
inline void label(std::string_view name) {
  if (Execution* execution = Execution::current()) execution->label_thread(execution->self(), name);
}
}  // namespace this_thread

}  // namespace lockstep::sim
