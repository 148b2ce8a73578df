// A part of a transaction that may fail alone: a voucher that is used up does not stop the
// order. What the failed part wrote is undone, and the rest commits.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<std::string, int> vouchers{db, "vouchers"};
  lockstep::memory::Table<int, int> orders{db, "orders"};
  insert(vouchers, "SPRING", 1).or_throw();
  for (const int order : {1, 2}) insert(orders, order, 50).or_throw();

  const auto place = [&](int number) {
    return transact(db, [&](auto& tx) {
      int& total = tx.edit(orders, number);
      total += 5;  // delivery
      try {
        tx.nested([&] {
          total -= 10;
          int& left = tx.edit(vouchers, "SPRING");
          if (left == 0) throw std::runtime_error{"used up"};
          --left;
        });
      } catch (const std::runtime_error& error) {
        tx.after_commit([number, why = std::string{error.what()}] {
          std::cout << "order " << number << " without its voucher: " << why << '\n';
        });
      }
      return total;
    });
  };
  const int first = place(1);
  const int second = place(2);
  std::cout << "totals: " << first << " and " << second << '\n';
  return first == 45 && second == 55 && load(vouchers, "SPRING").record == 0 ? 0 : 1;
}
