// How long a connection waits for others: SQLite asks, and the runtime's clock says.
#pragma once

#include <lockstep/runtime/runtime.hpp>
#include <lockstep/sqlite/connection.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lockstep::sqlite::detail {

/// The time after `limit`, or the last one that there is.
template <Runtime R>
[[nodiscard]] typename R::clock::time_point time_in(std::chrono::nanoseconds limit) {
  const auto now = R::clock::now();
  const auto most = std::chrono::floor<std::chrono::nanoseconds>(R::clock::time_point::max() - now);
  return now + std::chrono::ceil<typename R::clock::duration>(std::min(limit, most));
}

/// How long a connection waits for the locks of other connections. SQLite calls it back.
template <Runtime R>
class Patience {
 public:
  using TimePoint = typename R::clock::time_point;

  void until(std::optional<TimePoint> limit) noexcept { limit_ = limit; }

  /// Sleeps a little; zero once the limit has passed.
  static int called(void* self, int times) noexcept {
    try {
      return static_cast<const Patience*>(self)->again(times);
    } catch (...) {  // it must not pass through SQLite, which fails with SQLITE_BUSY then
      return 0;
    }
  }

 private:
  [[nodiscard]] int again(int times) const {
    constexpr std::chrono::nanoseconds least = std::chrono::microseconds{100};
    constexpr std::chrono::nanoseconds most = std::chrono::milliseconds{25};
    const auto half = std::min(most, least * (std::int64_t{1} << std::min(times, 16))) / 2;
    std::chrono::nanoseconds pause{
        half.count() + static_cast<std::int64_t>(R::random() % static_cast<std::uint64_t>(half.count() + 1))};
    if (limit_) {
      const auto left = std::chrono::ceil<std::chrono::nanoseconds>(*limit_ - R::clock::now());
      if (left.count() <= 0) return 0;
      pause = std::min(pause, left);
    }
    R::sleep_for(pause, {});
    return 1;
  }

  std::optional<TimePoint> limit_;
};

/// Gives the file a write-ahead log. SQLite does not call the busy handler for this one while others have the
/// file open.
template <Runtime R>
void use_wal(Connection& connection, Patience<R>& patience, const std::string& path) {
  for (int times = 0;; ++times) {
    try {
      Query query{connection, "PRAGMA journal_mode = WAL"};
      const bool told = query.next();
      const auto mode = told ? query.column(0) : sql::Value{};
      const auto* const text = std::get_if<std::string_view>(&mode);
      if (text && *text == "wal") return;
      throw NotSupported{joined("SQLite: ", path,
                                " cannot have a write-ahead log here; its journal mode stays ",
                                sql::shown_value(mode))};
    } catch (const sql::Busy&) {
      if (Patience<R>::called(&patience, times) == 0) throw;
    }
  }
}

}  // namespace lockstep::sqlite::detail
