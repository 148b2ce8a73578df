// A token that its holder cannot make up: signed with a secret of the server's.
#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/token_hmac.hpp>

#include <iostream>
#include <string>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, std::string> pages{db, "pages"};
  insert(pages, 7, "text").or_throw();

  // [HmacSha256]
  const lockstep::HmacSha256 signer{"at least sixteen bytes, kept on the server"};
  const std::string field = token(pages, 7, load(pages, 7), signer);
  const auto version = expect(pages, 7, field, signer);

  bool forged = false;
  try {
    static_cast<void>(expect(pages, 7, token(pages, 7, load(pages, 7)), signer));  // made without the secret
  } catch (const lockstep::TokenForged& error) {
    forged = true;
    std::cout << error.what() << '\n';
  }
  // [HmacSha256]
  return forged && version == load(pages, 7).version ? 0 : 1;
}
