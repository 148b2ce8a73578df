// Load, change, save: the guarded write by hand. Of two who loaded the same state, the
// second to save is told what is stored now, and nothing is overwritten.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <string>

struct Page {
  std::string text;
  friend bool operator==(const Page&, const Page&) = default;
};

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<std::string, Page> pages{db, "pages"};
  insert(pages, "home", {"Welcome."}).or_throw();

  // [save]
  auto anns = load(pages, "home");
  auto bobs = load(pages, "home");

  anns->text = "Welcome, all.";
  save(pages, "home", anns).or_throw();

  bobs->text = "Welcome!";
  const auto saved = save(pages, "home", bobs);
  if (saved) return 1;
  std::cout << to_string(saved.conflict()) << '\n'  // pages[home]: update expected version 0, found 1
            << "stored now: " << saved.conflict().current()->record.text << '\n';
  // [save]

  return load(pages, "home") == anns ? 0 : 1;
}
