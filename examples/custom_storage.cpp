// A storage of one's own: a directory with a file per record, "<version> <text>".
// It provides load, next and apply; `StagedStorage` makes a storage of them, every verb
// works on it, and the suite of laws says whether it is right. (For one process at a
// time; it does not survive a crash half-way through `apply`.)
#include <lockstep/lockstep.hpp>
#include <lockstep/storage/laws.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>

namespace fs = std::filesystem;

// [StagedStorage]
class Folder : public lockstep::StagedStorage<Folder, std::string, std::string> {
 public:
  explicit Folder(fs::path path) : path_{std::move(path)} { fs::create_directories(path_); }
  using StagedStorage::load;

  std::optional<lockstep::Versioned<std::string>> load(const std::string& key) {
    const std::scoped_lock guard{mutex_};
    return read(key);
  }
  lockstep::Version next(const std::string&, lockstep::Version) {
    const std::scoped_lock guard{mutex_};
    return lockstep::Version{clock_++};  // one clock for all records: no version is used twice
  }
  lockstep::Commit apply(std::span<const Change> changes) {
    const std::scoped_lock guard{mutex_};
    lockstep::Commit::Members failed;
    for (const auto& change : changes) {
      const auto current = read(change.key);
      if ((current ? current->version : lockstep::Version{}) != change.expected)
        failed.push_back(stale(change, current));
    }
    if (!failed.empty()) return lockstep::Commit{std::move(failed)};
    for (const auto& change : changes) {
      if (change.action == lockstep::Action::erase) fs::remove(path_ / change.key);
      if (change.record)
        std::ofstream{path_ / change.key} << change.landing.number() << ' ' << *change.record;
    }
    return {};
  }

 private:
  std::optional<lockstep::Versioned<std::string>> read(const std::string& key) const {
    std::ifstream file{path_ / key};
    std::uint64_t number = 0;
    std::string text;
    if (!(file >> number) || !file.ignore() || !std::getline(file, text, '\0')) return std::nullopt;
    return lockstep::Versioned{text, lockstep::Version{number}};
  }

  fs::path path_;
  std::mutex mutex_;
  std::uint64_t clock_ = 0;
};
// [StagedStorage]

// [LawSubject]
// What the laws need: a storage to try, and keys and records by number.
class Subject {
 public:
  static constexpr bool remembers_erased = true;
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  ~Subject() { fs::remove_all(path_); }

  Folder& storage() { return folder_; }
  static std::string key(int number) { return "note" + std::to_string(number); }
  static std::string record(int number) { return "text " + std::to_string(number); }

 private:
  fs::path path_ = fs::temp_directory_path() / ("lockstep-" + std::to_string(lockstep::StdRuntime::random()));
  Folder folder_{path_};
};
// [LawSubject]

int main() {
  // [storage_laws]
  int broken = 0;
  for (const auto& law : lockstep::storage_laws<Subject>()) {
    try {
      law.check();
      std::cout << "kept    " << law.name << '\n';
    } catch (const lockstep::LawBroken& error) {
      ++broken;
      std::cout << "BROKEN  " << law.name << ": " << error.what() << '\n';
    }
  }
  // [storage_laws]

  Subject subject;
  auto& notes = subject.storage();
  insert(notes, "todo", "milk").or_throw();
  update(notes, "todo", [](std::string& text) { text += ", bread"; });
  std::cout << "todo: " << *load(notes, "todo") << '\n';
  return broken == 0 && *load(notes, "todo") == "milk, bread" ? 0 : 1;
}
