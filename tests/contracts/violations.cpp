// Violates the contract that its argument names. The handler shows that the end is
// std::terminate's, after the text.
#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/cells.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>

using namespace lockstep;

namespace {

using Numbers = memory::Table<int, int>;

void with_table(const std::function<void(memory::Database<>&, Numbers&)>& violate) {
  memory::Database db;
  Numbers numbers{db, "numbers"};
  insert(numbers, 1, 10).or_throw();
  violate(db, numbers);
}

const std::map<std::string, std::function<void()>> violations{
    {"absent_version_number", [] { static_cast<void>(Version{}.number()); }},
    {"session_after_commit",
     [] {
       with_table([](auto& db, auto&) {
         auto session = db.session();
         static_cast<void>(session.commit());
         static_cast<void>(session.commit());
       });
     }},
    {"session_of_another_database",
     [] {
       with_table([](auto&, auto& numbers) {
         memory::Database other;
         auto session = other.session();
         static_cast<void>(numbers.load(session, 1));
       });
     }},
    {"conflict_of_a_save_that_landed",
     [] {
       with_table([](auto&, auto& numbers) {
         const auto saved = insert(numbers, 2, 20);
         static_cast<void>(saved.conflict());
       });
     }},
    {"commit_without_the_lock",
     [] {
       with_table([](auto&, auto& numbers) {
         ScopedLock lock{numbers, 1};
         lock.rollback();
         lock.commit();
       });
     }},
    {"key_that_is_not_locked",
     [] {
       with_table(
           [](auto&, auto& numbers) { with_locks(numbers, {1}, [](auto& locked) { locked[2] = 5; }); });
     }},
    {"the_same_cell_twice",
     [] {
       memory::Cell<int> cell;
       transact(cell, cell, [](int& a, int& b) { a = ++b; });
     }},
};

}  // namespace

int main(int count, char** arguments) {
  std::set_terminate([] {
    std::fputs("then std::terminate\n", stderr);
    std::_Exit(EXIT_FAILURE);
  });
  const auto violation = violations.find(count > 1 ? arguments[1] : "");
  if (violation == violations.end()) return EXIT_SUCCESS;
  violation->second();
}
