// Threads side by side, joined before going on: the usual body of a test.
#pragma once

#include <lockstep/sim/thread.hpp>

#include <concepts>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// Runs each function in a thread of its own, and returns when all have ended.
/// The threads are t1, t2, ... in the order of the arguments.
template <std::invocable... Functions>
void concurrently(Functions&&... functions) {
  std::vector<thread> threads;
  threads.reserve(sizeof...(functions));
  (threads.emplace_back(std::forward<Functions>(functions)), ...);
  for (auto& running : threads) running.join();
}

}  // namespace lockstep::sim
