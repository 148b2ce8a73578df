// A table whose loads within sessions are followed by what others do at that moment.
#pragma once

#include <lockstep/memory/table.hpp>

#include <functional>
#include <optional>

namespace test {

template <class Key, class T, lockstep::Runtime R = lockstep::StdRuntime>
class Interrupted : public lockstep::memory::Table<Key, T, R> {
  using Table = lockstep::memory::Table<Key, T, R>;

 public:
  using Table::load;
  using Table::Table;

  std::function<void(const Key&)> after_load;

  [[nodiscard]] std::optional<lockstep::Versioned<T>> load(lockstep::memory::Session<R>& session,
                                                           const Key& key) {
    auto loaded = Table::load(session, key);
    if (after_load) after_load(key);
    return loaded;
  }
};

}  // namespace test
