// Threads that begin together.
#pragma once

#include <latch>
#include <thread>
#include <vector>

namespace test {

/// Runs `work(thread)` on so many threads that begin together, and returns when all have ended.
template <class Work>
void at_once(int count, Work work) {
  std::latch start{count};
  std::vector<std::thread> threads;
  for (int i = 0; i != count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace test
