// A form that is open for an hour holds no lock. A token in a hidden field (or an ETag)
// says which record it shows, and at which version.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <string>

struct Page {
  std::string text;
  friend bool operator==(const Page&, const Page&) = default;
};

using Pages = lockstep::memory::Table<int, Page>;

// [expect]
// POST /pages/7, with the fields of the form: the status to answer with.
int post(Pages& pages, int number, const std::string& token, const std::string& text) {
  try {
    const auto saved = save(pages, number, {Page{text}, expect(pages, number, token)});
    return saved ? 200 : 409;  // Conflict: show both texts
  } catch (const lockstep::TokenMissing&) {
    return 428;  // Precondition Required
  } catch (const lockstep::TokenError&) {
    return 400;  // Bad Request
  }
}
// [expect]

int main() {
  lockstep::memory::Database db;
  Pages pages{db, "pages"};
  insert(pages, 7, {"old"}).or_throw();
  insert(pages, 8, {"another"}).or_throw();

  // [token]
  const std::string form = token(pages, 7, load(pages, 7));
  // [token]
  std::cout << "the form's token: " << form << '\n';

  const int first = post(pages, 7, form, "new");
  const int second = post(pages, 7, form, "newer");       // from the form of an hour ago
  const int none = post(pages, 7, "", "new");             // from a form without a token
  const int cut = post(pages, 7, form.substr(3), "new");  // from a broken one
  const int other = post(pages, 8, form, "new");          // from another page's
  std::cout << first << ' ' << second << ' ' << none << ' ' << cut << ' ' << other << '\n';

  const bool as_expected = first == 200 && second == 409 && none == 428 && cut == 400 && other == 400;
  return as_expected && load(pages, 7)->text == "new" && load(pages, 8)->text == "another" ? 0 : 1;
}
