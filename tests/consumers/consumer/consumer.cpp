// What the consumer projects build: a little of the library, and of the components they asked for.
#include <lockstep/lockstep.hpp>

#ifdef WITH_HMAC
#include <lockstep/verbs/token_hmac.hpp>
#endif
#ifdef WITH_SQLITE
#include <lockstep/sqlite/table.hpp>
#endif
#ifdef WITH_POSTGRES
#include <lockstep/postgres/table.hpp>
#endif
#ifdef WITH_SIM
#include <lockstep/sim/explore.hpp>
#endif

struct Account {
  int balance = 0;
  bool operator==(const Account&) const = default;
};

int main() {
  lockstep::memory::Database<> db;
  lockstep::memory::Table<int, Account> accounts{db};
  lockstep::insert(accounts, 1, {.balance = 100});
  lockstep::update(accounts, 1, [](Account& account) { account.balance += 25; });
  bool good = accounts.load(1)->record.balance == 125;
#ifdef WITH_HMAC
  const lockstep::HmacSha256 signer{"a secret of sixteen bytes"};
  good = good && signer.verify("text", signer.sign("text"));
#endif
#ifdef WITH_SQLITE
  lockstep::sqlite::Database<> file{"consumer.sqlite"};
  good = good && !file.session().over();
#endif
#ifdef WITH_POSTGRES
  try {  // there may be no server, and that is said
    lockstep::postgres::Database<> server{"host=/nowhere"};
    good = false;
  } catch (const lockstep::ConnectionLost&) {
  }
#endif
#ifdef WITH_SIM
  good = good && lockstep::sim::explore([] { lockstep::sim::check(true, "holds"); }).complete;
#endif
  return good ? 0 : 1;
}
