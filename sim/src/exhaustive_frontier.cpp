// What exhaustive exploration still has to do, as numbers.
#include "checkpoint.hpp"
#include "exhaustive.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace lockstep::sim {

namespace {

void save(const Accesses& accesses, CheckpointWriter& to) {
  to << accesses.size();
  for (const Access& access : accesses) to << access.object.value << std::uint64_t{access.write};
}

Accesses load_accesses(CheckpointReader& from) {
  Accesses accesses(from.size());
  for (Access& access : accesses) {
    access.object.value = from.number();
    access.write = from.number(1) != 0;
  }
  return accesses;
}

void save(const WakeupNode* first, CheckpointWriter& to) {
  for (; first != nullptr; first = first->sibling) {
    to << 1U << std::uint64_t{first->thread} << std::uint64_t{first->postponed};
    save(first->accesses, to);
    to << first->outcomes.size();
    for (const std::uint8_t outcome : first->outcomes) to << std::uint64_t{outcome};
    save(first->child, to);
  }
  to << 0U;
}

WakeupNode* load_branches(CheckpointReader& from, WakeupNodes& nodes) {
  WakeupNode* first = nullptr;
  WakeupNode** last = &first;
  while (from.number(1) != 0) {
    const auto thread = static_cast<unsigned>(from.number(max_threads - 1));
    const bool postponed = from.number(1) != 0;
    WakeupNode* const node = nodes.make(thread, load_accesses(from));
    node->postponed = postponed;
    node->outcomes.resize(from.size());
    for (std::uint8_t& outcome : node->outcomes) outcome = static_cast<std::uint8_t>(from.number(UINT8_MAX));
    node->child = load_branches(from, nodes);
    *last = node;
    last = &node->sibling;
  }
  return first;
}

}  // namespace

void Exhaustive::save(const Ledger& ledger, CheckpointWriter& to) {
  to << ledger.sleepers.size();
  for (const Sleeper& sleeper : ledger.sleepers) {
    to << std::uint64_t{sleeper.thread} << std::uint64_t{sleeper.busy};
    sim::save(sleeper.accesses, to);
  }
  sim::save(ledger.branches, to);
  to << std::uint64_t{ledger.expanded} << std::uint64_t{ledger.loose} << std::uint64_t{ledger.outcome};
}

void Exhaustive::load(Ledger& ledger, CheckpointReader& from, WakeupNodes& nodes) {
  ledger.sleepers.resize(from.size());
  for (Sleeper& sleeper : ledger.sleepers) {
    sleeper.thread = static_cast<unsigned>(from.number(max_threads - 1));
    sleeper.busy = static_cast<unsigned>(from.size());
    sleeper.accesses = load_accesses(from);
  }
  ledger.branches = load_branches(from, nodes);
  ledger.expanded = from.number(1) != 0;
  ledger.loose = from.number(1) != 0;
  ledger.outcome = static_cast<unsigned>(from.number(UINT8_MAX));
}

void Exhaustive::save(const std::vector<const Exhaustive*>& explorers, CheckpointWriter& to) {
  std::map<const SharedLedger*, std::uint64_t> shared;  // numbered from 1
  std::vector<const SharedLedger*> in_order;
  for (const Exhaustive* explorer : explorers) {
    for (std::size_t i = 0; i != explorer->length_; ++i) {
      const SharedLedger* const ledger = explorer->path_[i].shared.get();
      if (ledger == nullptr || !shared.try_emplace(ledger, shared.size() + 1).second) continue;
      in_order.push_back(ledger);
    }
  }
  to << in_order.size();
  for (const SharedLedger* ledger : in_order) save(*ledger, to);
  to << explorers.size();
  for (const Exhaustive* explorer : explorers) {
    to << std::uint64_t{explorer->started_} << explorer->length_;
    for (std::size_t i = 0; i != explorer->length_; ++i) {
      const Point& point = explorer->path_[i];
      to << static_cast<std::uint64_t>(point.kind) << std::uint64_t{point.chosen} << point.event
         << point.enabled << point.signature << point.inherited << point.asleep << std::uint64_t{point.passed}
         << std::uint64_t{point.outcomes} << point.ordinal << std::uint64_t{point.first}
         << (point.shared ? shared.at(point.shared.get()) : 0);
      save(point.own, to);
    }
  }
}

std::vector<std::unique_ptr<Explorer>> Exhaustive::load(CheckpointReader& from) {
  const auto common = std::make_shared<Common>();
  std::vector<std::shared_ptr<SharedLedger>> shared(from.size());
  for (auto& ledger : shared) {
    ledger = std::make_shared<SharedLedger>();
    load(*ledger, from, common->nodes);
  }
  std::vector<std::unique_ptr<Explorer>> explorers;
  for (std::uint64_t left = from.size(); left != 0; --left) {
    auto explorer = std::make_unique<Exhaustive>();
    explorer->common_ = common;
    explorer->started_ = from.number(1) != 0;
    explorer->length_ = from.size();
    explorer->path_.resize(explorer->length_);
    for (Point& point : explorer->path_) {
      point.kind = from.number(1) == 0 ? Decision::Kind::schedule : Decision::Kind::outcome;
      point.chosen = static_cast<unsigned>(from.number(UINT8_MAX));
      point.event = from.size();
      point.enabled = from.number();
      point.signature = from.number();
      point.inherited = from.size();
      point.asleep = from.size();
      point.passed = from.number(1) != 0;
      point.outcomes = static_cast<unsigned>(from.number(UINT8_MAX + 1));
      point.ordinal = from.size();
      point.first = static_cast<unsigned>(from.number(UINT8_MAX));
      if (const std::uint64_t ledger = from.number(shared.size()); ledger != 0)
        point.shared = shared[ledger - 1];
      load(point.own, from, explorer->nodes_);
    }
    explorers.push_back(std::move(explorer));
  }
  return explorers;
}

}  // namespace lockstep::sim
