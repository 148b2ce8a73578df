// Records that the tests of the library store.
#pragma once

#include <lockstep/core/invariant.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>

namespace test {

struct Account {
  std::string owner;
  std::int64_t balance = 0;
  std::int64_t points = 0;

  friend bool operator==(const Account&, const Account&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Account& account) {
    return out << account.owner << ' ' << account.balance << ' ' << account.points;
  }
};
BOOST_DESCRIBE_STRUCT(Account, (), (owner, balance, points))

struct Order {
  std::int64_t total = 0;
  bool paid = false;

  friend bool operator==(const Order&, const Order&) = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (total, paid))

/// A record with rules: it holds from 0 to 1000, and its owner has a name.
struct Purse {
  std::string owner = "somebody";
  std::int64_t balance = 0;

  friend bool operator==(const Purse&, const Purse&) = default;
};

/// A record that can be neither described nor compared.
struct Opaque {
  int value = 0;
};

}  // namespace test

template <>
struct lockstep::Invariants<test::Purse> {
  static constexpr std::tuple all{
      lockstep::Invariant{"balance_not_negative",
                          [](const test::Purse& purse) { return purse.balance >= 0; }},
      lockstep::Invariant{"balance_at_most_1000",
                          [](const test::Purse& purse) { return purse.balance <= 1000; }},
      lockstep::Invariant{"owner_named", [](const test::Purse& purse) { return !purse.owner.empty(); }}};
};
