// The table that the questions about databases are asked of: a hundred accounts, with versions.
#pragma once

#include "allocations.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace bench {

struct Account {
  std::string owner;
  std::int64_t balance = 0;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (owner, balance))

inline constexpr int account_count = 100;
inline constexpr auto accounts_table =
    "CREATE TABLE accounts (id integer PRIMARY KEY, owner text, balance bigint CHECK (balance >= 0), "
    "lock_version bigint)";

/// Prints what one `operation` takes, besides time: statements as `statements` counts them, and allocations.
inline void print_cost(const char* name, const std::uint64_t& statements,
                       const std::function<void()>& operation) {
  constexpr std::uint64_t times = 100;
  for (std::uint64_t n = 0; n != times; ++n) operation();  // statements are prepared, and pools filled
  const auto sent = statements;
  const auto before = allocations.load();
  for (std::uint64_t n = 0; n != times; ++n) operation();
  const auto all = allocations.load() - before;
  std::printf("%-44s %5.1f statements, %5.1f allocations\n", name,
              static_cast<double>(statements - sent) / times, static_cast<double>(all) / times);
}

}  // namespace bench
