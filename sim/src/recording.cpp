// Names, rows and digests: the side of an execution that people see. None of it is
// touched while exploring, only when one execution is run again to be shown.
#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/step.hpp>

#include "source_line.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace lockstep::sim {

namespace {

constexpr std::uint64_t named = std::uint64_t{1} << 63U;
constexpr std::uint64_t thread_space = std::uint64_t{1} << 62U;
constexpr std::uint64_t prime = 0x100000001B3U;
constexpr std::uint64_t basis = 0xCBF29CE484222325U;

/// The names of interned objects; they outlive executions, because callers may keep the ids.
struct Names {
  std::mutex mutex;
  std::map<std::uint64_t, std::string> by_id;
};

Names& all_names() {
  static Names names;
  return names;
}

}  // namespace

ObjectId object(std::string_view name) {
  std::uint64_t id = basis;
  for (const char c : name) id = (id ^ static_cast<unsigned char>(c)) * prime;
  id |= named;
  Names& names = all_names();
  const std::scoped_lock lock{names.mutex};
  const auto& stored = names.by_id.try_emplace(id, name).first->second;
  if (stored != name) throw std::logic_error{"lockstep::sim: two object names with the same hash"};
  return {id};
}

ObjectId Execution::thread_object(unsigned thread) noexcept { return {thread_space | thread}; }

ObjectId Object::outside() noexcept {
  static std::atomic<std::uint64_t> made{0};
  return {++made};
}

ObjectId Execution::make_object(std::string_view kind) {
  const ObjectId id{(std::uint64_t{running_->ordinal + 1} << 32U) | ++running_->objects};
  if (recording_) {
    std::string name{kind};
    const unsigned number = ++kinds_[name];
    names_[id] = name + "#" + std::to_string(number);
  }
  return id;
}

std::string Execution::name_of(ObjectId object) const {
  if (const auto found = names_.find(object); found != names_.end()) return found->second;
  if ((object.value & named) != 0) {
    Names& names = all_names();
    const std::scoped_lock lock{names.mutex};
    return names.by_id.at(object.value);
  }
  if ((object.value & thread_space) != 0) return name_of_thread(static_cast<unsigned>(object.value & 0xFFU));
  return "object#" + std::to_string(object.value & 0xFFFFFFFFU);
}

std::string Execution::name_of_thread(unsigned thread) const {
  if (thread < thread_labels_.size() && !thread_labels_[thread].empty()) return thread_labels_[thread];
  return thread == 0 ? "main" : std::string{"t"}.append(std::to_string(thread));
}

std::vector<std::string> Execution::thread_names() const {
  std::vector<std::string> names;
  for (unsigned i = 0; i != count_; ++i) names.push_back(name_of_thread(i));
  return names;
}

void Execution::label(ObjectId object, std::string_view name) {
  if (recording_) names_[object] = name;
}

void Execution::label_thread(unsigned thread, std::string_view name) {
  if (!recording_ || thread >= max_threads) return;
  if (thread_labels_.size() <= thread) thread_labels_.resize(thread + 1);
  thread_labels_[thread] = name;
}

void Execution::record(Thread& self, const Operation& operation) {
  std::string object;
  if (operation.object()) {
    object = name_of(operation.object());
    hash(operation.object().value);
  } else {
    for (const Access& access : operation.footprint()) {
      object += (object.empty() ? "" : ", ") + name_of(access.object);
      hash(access.object.value);
    }
  }
  add_row(self, operation.name(), std::move(object), {}, operation.where());
  for (const Access& access : operation.footprint())
    rows_.back().touched.push_back({name_of(access.object), access.write});
}

void Execution::note(std::string_view operation, ObjectId object, std::string text,
                     const source_location& where) {
  if (!recording_ || abandoned_) return;
  hash(object.value);
  add_row(*running_, operation, object ? name_of(object) : std::string{}, std::move(text), where);
  if (object) rows_.back().touched.push_back({name_of(object), operation != "read"});
}

void Execution::add_row(Thread& self, std::string_view operation, std::string object, std::string text,
                        const source_location& where) {
  hash(self.ordinal);
  for (const char c : operation) hash(static_cast<unsigned char>(c));
  const bool switched = !rows_.empty() && rows_.back().thread != self.ordinal;
  self.row = rows_.size();
  rows_.push_back({.thread = self.ordinal,
                   .operation = std::string{operation},
                   .object = std::move(object),
                   .outcome = std::move(text),
                   .switched = switched,
                   .source = source_line(where, self.caller)});
  rows_enabled_.push_back(enabled_);
}

void Execution::outcome(std::string text) {
  if (quiet()) return;
  if (recording_ && !abandoned_ && self_has_row()) rows_[running_->row].outcome = std::move(text);
}

void Execution::add_to_outcome(std::string_view text) {
  if (quiet() || !recording_ || abandoned_ || !self_has_row()) return;
  std::string& outcome = rows_[running_->row].outcome;
  if (!outcome.empty()) outcome += "; ";
  outcome += text;
}

Caller Execution::calls_from(const Caller& where) noexcept {
  const bool shown = recording_ && where.line != 0 && !tells_nothing(where.file);
  return shown ? std::exchange(running_->caller, where) : running_->caller;
}

void Execution::hash(std::uint64_t value) noexcept {
  hash_ = (hash_ ^ value) * prime;
  hash_ ^= hash_ >> 29U;
}

std::uint32_t Execution::digest() const noexcept {
  return static_cast<std::uint32_t>(hash_ ^ (hash_ >> 32U));
}

}  // namespace lockstep::sim
