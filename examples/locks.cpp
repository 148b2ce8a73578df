// A lock holds others off while one works on a record for longer; plain reads go on.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <string>

struct Seat {
  std::string guest;
  friend bool operator==(const Seat&, const Seat&) = default;
};

int main() {
  using lockstep::Wait;
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Seat> seats{db, "seats"};
  for (const int number : {12, 13}) insert(seats, number, {}).or_throw();

  bool refused = false;
  // [with_lock]
  with_lock(seats, 12, [&](Seat& seat) {
    seat.guest = "ann";
    std::cout << "meanwhile seat 12 reads as free: " << load(seats, 12)->guest.empty() << '\n';
    try {
      with_lock(seats, 12, [](Seat& same) { same.guest = "bob"; }, Wait::never());
    } catch (const lockstep::LockUnavailable& error) {
      refused = true;
      std::cout << error.what() << '\n';  // seats[12]: locked by another session
    }
  });
  // [with_lock]

  // Several at once are locked in key order, and change together.
  // [with_locks]
  with_locks(seats, {13, 12}, [](auto& both) { std::swap(both[12].guest, both[13].guest); });
  // [with_locks]

  std::cout << "seat 13: " << load(seats, 13)->guest << '\n';
  return refused && load(seats, 12)->guest.empty() && load(seats, 13)->guest == "ann" ? 0 : 1;
}
