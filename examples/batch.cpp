// Values that were loaded earlier, perhaps for a form, written together; and every one of
// them that is stale is named, not only the first.
#include <lockstep/lockstep.hpp>

#include <iostream>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> orders{db, "orders"};
  lockstep::memory::Table<int, int> prices{db, "prices"};
  insert(orders, 7, 0).or_throw();
  for (const int product : {1, 2}) insert(prices, product, 10 * product).or_throw();

  auto order = load(orders, 7);
  const auto apple = load(prices, 1);
  const auto pear = load(prices, 2);

  for (const int product : {1, 2}) update(prices, product, [](int& price) { ++price; });  // meanwhile

  // [Batch]
  *order = apple.record + pear.record;
  lockstep::Batch batch{db};
  batch.save(orders, 7, order)
      .expect(prices, 1, apple.version)  // not written, but it must still be this one
      .expect(prices, 2, pear.version);
  const auto commit = batch.commit();
  for (const auto& stale : commit.stale()) std::cout << to_string(*stale) << '\n';
  // [Batch]

  return !commit && commit.stale().size() == 2 && load(orders, 7).record == 0 ? 0 : 1;
}
