// Each command as a few calls of lockstep's verbs, whatever the storage is.
#pragma once

#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/advisory.hpp>

#include "lines.hpp"
#include "outcome.hpp"
#include "request.hpp"
#include "rows.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace rowctl {

using boost::json::object;

/// The rows of one table. A backend brings its `Database`, as `db`, its `Table<T>` with an int as key, and
/// `draw_id(table)`: a key for a new row.
template <class Backend>
class Editor {
 public:
  Editor(Backend& backend, std::string table) : backend_{&backend}, rows_{backend.db, mapping_of(table)} {}

  object show(int id) { return told(id, load(rows_, id)); }

  object create(const Fields& fields) {
    while (true) {
      const int id = fields.id ? *fields.id : backend_->draw_id(rows_.name());
      const auto row = changed(Row{}, fields);
      const auto saved = fields.version ? insert(rows_, id, row, lockstep::Version{*fields.version})
                                        : insert(rows_, id, row);
      if (saved) return show(id);
      if (fields.id) throw lockstep::ConstraintViolated{place_of(rows_, id), "primary key"};
      // Else somebody took the key that was drawn, without drawing it: draw the next.
    }
  }

  object update(int id, const Fields& fields) {
    auto loaded = load(rows_, id);
    const auto seen = version_seen(id, fields);
    if (seen && *seen != loaded.version) {  // changed since, and the guard says so
      save(rows_, id, {changed(*loaded, fields), *seen}).or_throw();
    } else {
      save_draft(id, std::move(loaded), fields);
    }
    return show(id);
  }

  object noop(int id) {
    save_draft(id, load(rows_, id), {});
    return show(id);
  }

  object touch(int id) {
    transact(rows_, [&](auto& tx) { tx.touch(rows_, id); });
    return show(id);
  }

  object destroy(int id, const Fields& fields) {
    const auto loaded = load(rows_, id);
    return destroyed(id, version_seen(id, fields).value_or(loaded.version));
  }

  object load_wait_save(int id, const Fields& fields) {
    const auto loaded = load(rows_, id);
    tell_and_wait("loaded", told(id, loaded));
    save_draft(id, loaded, fields);
    return show(id);
  }

  object load_wait_destroy(int id) {
    const auto loaded = load(rows_, id);
    tell_and_wait("loaded", told(id, loaded));
    return destroyed(id, loaded.version);
  }

  object lock_wait_save(int id, const Fields& fields, lockstep::Wait wait) {
    lockstep::ScopedLock lock{rows_, id, lockstep::LockMode::exclusive, wait};
    tell_and_wait("locked", show(id));
    *lock = changed(*lock, fields);
    lock.commit();
    return show(id);
  }

  object transfer(const Request& request) {
    auto wait_once =
        request.pause ? std::optional{[&] { tell_and_wait("ready", both(request)); }} : std::nullopt;
    const lockstep::Retry retry{.attempts = request.once ? 1 : lockstep::Retry::unlimited};
    if (!wait_once) {
      lockstep::transfer(rows_, {request.id, request.to, request.amount}, retry);
      return both(request);
    }
    // What the verb does, with a pause before the first commit.
    if (request.amount <= 0) throw lockstep::AmountNotPositive{};
    if (request.id == request.to) throw lockstep::SameAccount{place_of(rows_, request.id)};
    transact(
        rows_,
        [&](auto& tx) {
          auto& payer = tx.edit(rows_, request.id);
          auto& payee = tx.edit(rows_, request.to);
          if (wait_once) (*std::exchange(wait_once, std::nullopt))();
          if (payer.balance < request.amount) throw lockstep::InsufficientFunds{place_of(rows_, request.id)};
          payer.balance -= request.amount;
          payee.balance += request.amount;
        },
        retry);
    return both(request);
  }

  object add_loop(const Request& request) {
    if (request.pause) tell_and_wait("ready");
    unsigned again = 0;
    lockstep::Retry retry;
    retry.observer = [&](const lockstep::Retrying&) { ++again; };
    for (unsigned time = 0; time < request.times; ++time) {
      lockstep::update(rows_, request.id, [&](Row& row) { row.balance += request.amount; }, retry);
    }
    auto result = show(request.id);
    result["retries"] = again;
    return result;
  }

  /// The row as it is stored, or null.
  boost::json::value stored(int id) {
    const auto found = find(rows_, id);
    return found ? boost::json::value(json(id, *found)) : nullptr;
  }

 private:
  static Row changed(Row row, const Fields& fields) {
    if (fields.owner) row.owner = *fields.owner;
    if (fields.balance) row.balance = *fields.balance;
    return row;
  }

  // A draft knows what it changes: nothing is written where nothing is, and no other column.
  void save_draft(int id, lockstep::Versioned<Row> loaded, const Fields& fields) {
    auto draft = edit(std::move(loaded));
    *draft = changed(*draft, fields);
    save(rows_, id, draft).or_throw();
  }

  object destroyed(int id, lockstep::Version version) {
    erase(rows_, id, version).or_throw();
    return {{"row", nullptr}};
  }

  std::optional<lockstep::Version> version_seen(int id, const Fields& fields) {
    if (fields.token) return expect(rows_, id, *fields.token);
    if (fields.version) return lockstep::Version{*fields.version};
    return std::nullopt;
  }

  object both(const Request& request) {
    auto payer = stored(request.id);
    return {{"row", payer}, {"rows", boost::json::array{payer, stored(request.to)}}};
  }

  object told(int id, const lockstep::Versioned<Row>& found) {
    return {{"row", json(id, found)}, {"token", token(rows_, id, found.version)}};
  }

  object json(int id, const lockstep::Versioned<Row>& found) {
    const auto time = [](const std::optional<lockstep::sql::Timestamp>& moment) {
      return moment ? boost::json::value(lockstep::sql::text_of_time(*moment)) : nullptr;
    };
    return {{"id", id},
            {"owner", found->owner},
            {"balance", found->balance},
            {version_column(rows_.name()), found.version.number()},
            {"created_at", time(found->created_at)},
            {"updated_at", time(found->updated_at)}};
  }

  template <class T>
  using Table = typename Backend::template Table<T>;

  Backend* backend_;
  Table<Row> rows_;
};

/// Empties both tables, and fills them in one transaction.
template <class Backend>
object seed(Backend& backend) {
  backend.empty_tables();
  typename Backend::template Table<Row> first{backend.db, mapping_of(accounts)};
  typename Backend::template Table<Row> second{backend.db, mapping_of(documents)};
  transact(backend.db, [&](auto& tx) {
    for (const auto& [id, owner] : {std::pair{1, "ann"}, {2, "bob"}, {3, "cid"}}) {
      tx.insert(first, id, Row{owner, 100});
      tx.insert(second, id, Row{owner, 100});
    }
  });
  return {{"rows", 6}};
}

template <class Backend>
object edited(Editor<Backend>& editor, const Request& request) {
  const auto wait = request.no_wait       ? lockstep::Wait::never()
                    : request.skip_locked ? lockstep::Wait::skip()
                                          : lockstep::Wait::forever();
  switch (request.command) {
    case Command::create:
      return editor.create(request.fields);
    case Command::update:
      return editor.update(request.id, request.fields);
    case Command::noop:
      return editor.noop(request.id);
    case Command::touch:
      return editor.touch(request.id);
    case Command::destroy:
      return editor.destroy(request.id, request.fields);
    case Command::load_wait_save:
      return editor.load_wait_save(request.id, request.fields);
    case Command::load_wait_destroy:
      return editor.load_wait_destroy(request.id);
    case Command::lock_wait_save:
      return editor.lock_wait_save(request.id, request.fields, wait);
    case Command::transfer:
      return editor.transfer(request);
    case Command::add_loop:
      return editor.add_loop(request);
    default:
      return editor.show(request.id);
  }
}

/// Holds a lock on a name, until a line comes if it `waits`, or not at all if somebody else has it.
template <class Backend>
object with_name(Backend& backend, const std::string& name, bool waits) {
  const auto held = [&] {
    if (waits) tell_and_wait("locked", {{"name", name}});
  };
  with_advisory_lock(backend.db, name, held,
                     {.wait = waits ? lockstep::Wait::forever() : lockstep::Wait::never()});
  return {{"name", name}};
}

inline Outcome succeeded(object line) {
  line["ok"] = true;
  return {Status::ok, std::move(line)};
}

/// Runs one command. An error from within it becomes an outcome, with the row as it is stored then.
template <class Backend>
Outcome run(Backend& backend, const Request& request) {
  switch (request.command) {
    case Command::schema:
      backend.db.execute(Backend::schema);
      return succeeded({});
    case Command::seed:
      return succeeded(seed(backend));
    case Command::advisory_wait:
    case Command::advisory_try:
      return succeeded(with_name(backend, request.name, request.command == Command::advisory_wait));
    default:
      break;
  }
  Editor<Backend> editor{backend, request.table};
  try {
    return succeeded(edited(editor, request));
  } catch (...) {
    auto outcome = outcome_of(std::current_exception());
    try {
      outcome.line["row"] = editor.stored(request.fields.id.value_or(request.id));
    } catch (const lockstep::Error&) {  // the first error says why
    }
    return outcome;
  }
}

}  // namespace rowctl
