// A save with a rule for its conflicts: the rule makes one record of both, and that is saved
// against the version that the rule has seen.
#include <lockstep/lockstep.hpp>

#include <boost/describe/class.hpp>

#include <iostream>
#include <string>

struct Profile {
  std::string name;
  std::string city;
  friend bool operator==(const Profile&, const Profile&) = default;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (name, city))

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Profile> profiles{db, "profiles"};
  for (const int key : {1, 2, 3}) insert(profiles, key, {"Ann", "Rome"}).or_throw();

  const auto settle = [&](int key, const auto& rule) {
    auto mine = edit(load(profiles, key));
    mine->name = "Ann Lee";
    update(profiles, key, [](Profile& theirs) { theirs = {"Anna", "Oslo"}; });
    save(profiles, key, mine, rule).or_throw();
    std::cout << mine->name << ", " << mine->city << '\n';
    return *mine;
  };

  // [mine_wins]
  const auto mine = settle(1, lockstep::mine_wins);  // Ann Lee, Rome: their city is lost, on purpose
  // [mine_wins]
  // [theirs_wins]
  const auto theirs = settle(2, lockstep::theirs_wins);  // Anna, Oslo
  // [theirs_wins]
  // [merge.save]
  const auto ours = settle(3, [](const auto& conflict) -> std::optional<Profile> {
    if (!conflict.current) return std::nullopt;  // erased: leave the conflict to the caller
    return Profile{conflict.attempted.name, conflict.current->record.city};
  });  // Ann Lee, Oslo
  // [merge.save]

  const bool as_said = mine == Profile{"Ann Lee", "Rome"} && theirs == Profile{"Anna", "Oslo"} &&
                       ours == Profile{"Ann Lee", "Oslo"};
  return as_said ? 0 : 1;
}
