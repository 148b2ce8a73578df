// The outcome of a guarded commit: it landed, or here is every guard that failed.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/core/text.hpp>
#include <lockstep/core/versioned.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace lockstep {

/// What a session meant to do to a record.
enum class Action {
  insert,    ///< store a new record where there is none
  update,    ///< replace the record
  erase,     ///< remove the record
  validate,  ///< write nothing, but find it at the expected version
};

/// "insert", "update", "erase" or "validate".
[[nodiscard]] constexpr std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::insert:
      return "insert";
    case Action::update:
      return "update";
    case Action::erase:
      return "erase";
    case Action::validate:
      return "validate";
  }
  return "?";
}

/// A guard that failed, told without its types: records of different types may
/// fail in one commit. `Conflict` below has the types.
class Stale {
 public:
  virtual ~Stale() = default;

  /// What was meant to be done to the record.
  [[nodiscard]] Action action() const noexcept { return action_; }
  /// The storage's name.
  [[nodiscard]] const std::string& storage() const noexcept { return storage_; }
  /// The storage's name and the key's text.
  [[nodiscard]] Place place() const { return {storage_, key_text()}; }

  [[nodiscard]] virtual std::string key_text() const = 0;       ///< the key, "?" if it has no text
  [[nodiscard]] virtual std::string expected_text() const = 0;  ///< the guard, "absent" for an insert
  [[nodiscard]] virtual std::string actual_text() const = 0;    ///< what is stored, "absent" if nothing is

  /// "accounts[7]: update expected version 3, found 4"; where there is no version to
  /// name, "insert expected no record, found one at version 4" and the like.
  friend std::string to_string(const Stale& stale) {
    const auto expected = stale.expected_text();
    const auto actual = stale.actual_text();
    const bool by_version = expected != "absent" && expected != "any";
    return joined(to_string(stale.place()), ": ", to_string(stale.action_), " expected ",
                  by_version             ? joined("version ", expected)
                  : expected == "absent" ? "no record"
                                         : "a record",
                  ", found ",
                  actual == "absent" ? (by_version ? "no record" : "none")
                  : by_version       ? actual
                                     : joined("one at version ", actual));
  }

 protected:
  /// `storage` is the storage's name.
  Stale(Action action, std::string storage) : action_{action}, storage_{std::move(storage)} {}
  /// Copies, for derived classes.
  Stale(const Stale&) = default;
  /// Copies, for derived classes.
  Stale& operator=(const Stale&) = default;

 private:
  Action action_;
  std::string storage_;
};

/// A guard that failed: what was expected, and what is there now.
template <class Key, class T, class V = Version>
class Conflict final : public Stale {
 public:
  /// `expected` is absent for an insert, and for a write without a version check.
  /// `actual` is the stored version, absent if there is no record. `current` is the
  /// stored record where the storage knows it without another round trip.
  Conflict(Action action, std::string storage, Key key, V expected, V actual,
           std::optional<Versioned<T, V>> current)
      : Stale{action, std::move(storage)},
        key_{std::move(key)},
        expected_{std::move(expected)},
        actual_{std::move(actual)},
        current_{std::move(current)} {}

  /// The record's key.
  [[nodiscard]] const Key& key() const noexcept { return key_; }
  /// The guard: absent for an insert, and for a write without a version check.
  [[nodiscard]] const V& expected() const noexcept { return expected_; }
  /// The stored version; absent if there is no record.
  [[nodiscard]] const V& actual() const noexcept { return actual_; }
  /// The stored record at `actual`, where the storage knew it without another round trip; else nothing.
  [[nodiscard]] const std::optional<Versioned<T, V>>& current() const noexcept { return current_; }

  /// The key, "?" if it has no text.
  [[nodiscard]] std::string key_text() const override { return shown(key_); }
  /// The guard: "absent" for an insert, "any" for a write without a version check.
  [[nodiscard]] std::string expected_text() const override {
    const bool any = expected_ == V{} && (action() == Action::update || action() == Action::erase);
    return any ? "any" : text(expected_);
  }
  /// What is stored, "absent" if nothing is.
  [[nodiscard]] std::string actual_text() const override { return text(actual_); }

 private:
  static std::string text(const V& version) { return version == V{} ? "absent" : shown(version); }

  Key key_;
  V expected_;
  V actual_;
  std::optional<Versioned<T, V>> current_;
};

/// The outcome of a commit: true if every guard held and every write landed; else
/// nothing was written, and `stale()` names every member whose guard failed.
class [[nodiscard]] Commit {
 public:
  using Members = std::vector<std::shared_ptr<const Stale>>;  ///< what was stale; shared, so copies are cheap

  Commit() noexcept = default;  ///< landed
  /// Lost, by the guards in `stale`; landed if it is empty.
  explicit Commit(Members stale) : stale_{std::move(stale)} {}

  /// True if every write landed.
  [[nodiscard]] explicit operator bool() const noexcept { return stale_.empty(); }
  /// Every guard that failed; empty if the commit landed.
  [[nodiscard]] const Members& stale() const& noexcept { return stale_; }
  /// Every guard that failed, moved out.
  [[nodiscard]] Members stale() && noexcept { return std::move(stale_); }

  /// The stale members of one type of record.
  template <class Conflict>
  [[nodiscard]] std::vector<std::shared_ptr<const Conflict>> stale_as() const {
    std::vector<std::shared_ptr<const Conflict>> found;
    for (const auto& member : stale_) {
      if (auto typed = std::dynamic_pointer_cast<const Conflict>(member)) found.push_back(std::move(typed));
    }
    return found;
  }

 private:
  Members stale_;
};

/// Guards failed where the caller asked for success: by `Saved::or_throw`, or by a read
/// inside a transaction that can no longer be consistent with its earlier reads.
class StaleRecord : public Conflicted {
 public:
  /// `commit` is the one that lost.
  explicit StaleRecord(Commit commit) : Conflicted{text(commit)}, commit_{std::move(commit)} {}
  /// The commit that lost, with every stale member.
  [[nodiscard]] const Commit& commit() const noexcept { return commit_; }

 private:
  static std::string text(const Commit& commit) {
    std::string all = "stale";
    for (const auto& member : commit.stale()) all += (all == "stale" ? ": " : "; ") + to_string(*member);
    return all;
  }
  Commit commit_;
};

}  // namespace lockstep
