// Records in PostgreSQL: where no server can be reached, that is said.
#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>

#include <boost/describe/class.hpp>

#include <cstdlib>

struct Account {
  long balance = 0;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance))

int main() {
  static_assert(lockstep::Storage<lockstep::postgres::Table<int, Account>>);
  try {
    lockstep::postgres::Database<> db{"host=/nowhere"};
  } catch (const lockstep::ConnectionLost&) {
    return EXIT_SUCCESS;
  }
  return EXIT_FAILURE;
}
