// A conflict says who changed which field. Changes of different fields are merged; two
// changes of one field are for a rule, or a person, to decide.
#include <lockstep/lockstep.hpp>

#include <boost/describe/class.hpp>

#include <iostream>
#include <string>
#include <string_view>

struct Contact {
  std::string name;
  std::string phone;
  std::string notes;
  friend bool operator==(const Contact&, const Contact&) = default;
};
BOOST_DESCRIBE_STRUCT(Contact, (), (name, phone, notes))

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Contact> contacts{db, "contacts"};
  insert(contacts, 1, {"Ann", "555 1234", "likes tea"}).or_throw();

  // [edit]
  auto mine = edit(load(contacts, 1));
  mine->phone = "555 9876";
  mine->notes = "likes tea; met in May";
  // [edit]
  update(contacts, 1, [](Contact& theirs) {
    theirs.name = "Ann Lee";
    theirs.notes = "likes tea; has a dog";
  });

  // [merge_disjoint]
  const auto saved = save(contacts, 1, mine, lockstep::merge_disjoint);  // both changed the notes
  // [merge_disjoint]
  if (saved) return 1;
  // [view]
  for (const auto& change : view(mine, saved.conflict()).changes()) {
    std::cout << change.name << " was changed by "
              << (change.by_both() ? "both"
                  : change.by_me   ? "me"
                                   : "them")
              << '\n';
  }
  // [view]

  // [merge_fields]
  const auto join = [](std::string_view, const auto& base, const auto& my, const auto& their) {
    return their + my.substr(base.size());
  };
  save(contacts, 1, mine, lockstep::merge_fields(join)).or_throw();
  // [merge_fields]
  const Contact merged{"Ann Lee", "555 9876", "likes tea; has a dog; met in May"};
  std::cout << "merged: " << mine->name << ", " << mine->phone << ", " << mine->notes << '\n';
  return load(contacts, 1).record == merged ? 0 : 1;
}
