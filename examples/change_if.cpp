// A check and a change in one step: sell if there is enough, and never below zero. A check
// that fails is a value; nothing is retried, as nothing was read before.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <thread>
#include <vector>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> stock{db, "stock"};
  insert(stock, 1, 100).or_throw();

  // [change_if]
  const auto sell = [&stock](int number) {
    const auto sold = change_if(
        stock, 1, [=](const int& left) { return left >= number; }, [=](int& left) { left -= number; });
    return sold.has_value();  // what is stored now, or nothing
  };
  // [change_if]
  {
    std::vector<std::jthread> shops;
    for (int shop = 0; shop < 4; ++shop) {
      shops.emplace_back([&] {
        while (sell(7)) {
        }
      });
    }
  }
  std::cout << "left: " << load(stock, 1).record << '\n';
  return load(stock, 1).record == 2 ? 0 : 1;
}
