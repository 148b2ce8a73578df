// What the mistakes beside this file are made with.
#pragma once

#include <lockstep/lockstep.hpp>

#include <string>

using namespace lockstep;

struct Account {
  std::string owner;
  long balance = 0;
  bool operator==(const Account&) const = default;
};

inline memory::Database<> db;
inline memory::Table<int, Account> accounts{db, "accounts"};
