// What the simulator's own tests share.
#pragma once

#include <lockstep/sim/sim.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::sim::test {

using sim::concurrently;

/// `count` threads that run `function(index)`.
template <class F>
void repeatedly(unsigned count, F function) {
  std::vector<thread> threads;
  threads.reserve(count);
  for (unsigned i = 0; i != count; ++i) threads.emplace_back([function, i] { function(i); });
  for (thread& each : threads) each.join();
}

/// Explores everything, through findings.
inline Result explore_all(const std::function<void()>& body) { return explore(body, {.keep_going = true}); }

/// The kind of the first finding, or "none".
inline std::string found(const Result& result) {
  return result.finding ? std::string{to_string(result.finding->kind)} : "none";
}
inline std::string found(const std::function<void()>& body, const Options& options = {}) {
  return found(explore(body, options));
}

/// What the first finding says, or nothing.
inline std::string message(const std::function<void()>& body, const Options& options = {}) {
  const Result result = explore(body, options);
  return result.finding ? result.finding->message : "";
}

/// Two deposits that forget each other.
inline void lost_update() {
  atomic<int> balance{100};
  label(balance, "balance");
  const auto deposit = [&](int amount) { balance.store(balance.load() + amount); };
  concurrently([&] { deposit(10); }, [&] { deposit(20); });
  check(balance.load() == 130, "both deposits are in the balance");
}

}  // namespace lockstep::sim::test
