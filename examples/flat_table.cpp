// Many small records in memory, by key: prices that many threads look up and change.
#include <lockstep/verbs/flat_table.hpp>

#include <cstdio>
#include <string>
#include <vector>

int main() {
  using namespace lockstep;
  memory::FlatTable<std::string, long> prices{1000};  // room for so many before it grows
  insert(prices, "tea", 3).or_throw();
  insert(prices, "rice", 5).or_throw();
  update(prices, "tea", [](long& price) { ++price; });

  // [load_each]
  const std::vector<std::string> order{"tea", "rice", "silk"};
  long total = 0;
  load_each(prices, order, [&](std::size_t index, const auto& found) {  // their lines are fetched together
    if (found) {
      total += found->record;
    } else {
      std::printf("no %s\n", order.at(index).c_str());
    }
  });
  // [load_each]

  // [update_each]
  const std::vector<std::string> dearer{"tea", "rice"};
  update_each(prices, dearer, [](std::size_t /*index*/, long& price) { price += 10; });
  // [update_each]

  std::printf("%ld, and then %ld\n", total, load(prices, "tea")->record);
}
