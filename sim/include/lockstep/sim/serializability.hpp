// Judges a history of transactions: is there a serial order that explains every version that they read and
// wrote? If not, the anomaly by its name, and the cycle of dependencies that shows it.
//
// Sources: Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for Distributed
// Transactions", PhD thesis, MIT, 1999 (dependencies, G0 to G2, G-single); Berenson et al., "A Critique of
// ANSI SQL Isolation Levels", SIGMOD 1995 (lost update, read skew, write skew, ...); Alvaro & Kingsbury,
// "Elle: Inferring Isolation Anomalies from Experimental Observations", PVLDB 14(3), 2020 (cycles as
// explanations).
#pragma once

#include <lockstep/core/version.hpp>

#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// One record as a predicate read found it.
struct SeenByPredicate {
  std::string key = {};  ///< the record
  Version version = {};  ///< in this version
  bool matched = true;   ///< which satisfied the predicate, or did not
};

/// What a transaction did, in its order.
struct TransactionEvent {
  /// Kinds of events.
  enum class Kind {
    read,            ///< read `key`, in `version`; absent if there was no record
    write,           ///< made `version` of `key`
    erase,           ///< removed `key`, which was in `version`
    predicate_read,  ///< looked for all records that satisfy the predicate `key`, and saw `seen`
  };

  Kind kind = Kind::read;                  ///< what it did
  std::string key = {};                    ///< the record, or the predicate
  Version version = {};                    ///< the record's
  std::vector<std::string> matches = {};   ///< write: the predicates that the new version satisfies
  std::vector<SeenByPredicate> seen = {};  ///< predicate read: every record there was, matching or not
};

/// One transaction of a history.
struct TransactionRecord {
  /// Later than every moment.
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::string name = {};                      ///< for people
  std::vector<TransactionEvent> events = {};  ///< in its order
  bool committed = true;                      ///< else aborted: what it wrote is in no version order
  std::uint64_t began = 0;                    ///< when; only the order of moments counts
  std::uint64_t ended = never;                ///< when
};

/// Why one transaction comes after another in every serial order.
struct Dependency {
  /// Kinds of dependencies, as Adya's.
  enum class Kind {
    ww,            ///< the second replaced a version that the first had written
    wr,            ///< the second read a version that the first had written
    rw,            ///< the second replaced a version that the first had read: an anti-dependency
    predicate_wr,  ///< the first changed what matches a predicate, and the second saw it
    predicate_rw,  ///< the second changed what matches a predicate, and the first had not seen it
    real_time,     ///< the first had ended before the second began
  };

  std::size_t from = 0;  ///< the first, as an index into the history; past its end: somebody who is not in it
  std::size_t to = 0;    ///< the second
  Kind kind = Kind::ww;  ///< why
  std::string key = {};  ///< the record, or the predicate
  std::string text = {};  ///< in words: "T1 read x in version 0, which T2 replaced by version 1"
};

/// Something that no serial order can show.
struct Anomaly {
  /// Adya's phenomena; `internal` is Elle's.
  enum class Kind {
    g0,        ///< a cycle of writes: a dirty write
    g1a,       ///< a read of what was aborted
    g1b,       ///< a read of what was only intermediate
    g1c,       ///< a cycle of writes and reads: circular information flow
    g_single,  ///< a cycle with one anti-dependency: lost update, fuzzy read, read skew
    g2_item,   ///< a cycle with several: write skew
    g2,        ///< a cycle with an anti-dependency by a predicate: a phantom
    internal,  ///< a transaction did not read what it had written itself
  };

  Kind kind = Kind::g0;    ///< what it is
  std::string name = {};   ///< "lost update", "write skew", ...
  bool real_time = false;  ///< only the order in time makes it a cycle
  std::vector<Dependency> cycle =
      {};                 ///< each begins where the one before ended; empty for g1a, g1b, internal
  std::string text = {};  ///< in words, with the cycle
};

/// "G0", "G1a", "G1b", "G1c", "G-single", "G2-item", "G2" or "internal".
[[nodiscard]] std::string_view to_string(Anomaly::Kind kind);

/// What became of a history of transactions.
struct Serializability {
  std::vector<Anomaly> anomalies = {};  ///< at most one of each kind and name, by the shortest cycle found

  /// True if it is serializable.
  [[nodiscard]] explicit operator bool() const noexcept { return anomalies.empty(); }
  /// The anomalies in words; nothing if there is none.
  [[nodiscard]] std::string explanation() const;
};

/// What else than versions an order must respect.
enum class SerialOrder {
  any,        ///< nothing: serializability
  real_time,  ///< who ended before another began comes first: strict serializability
};

/// Judges a history: it is serializable if and only if there is no anomaly.
///
/// The versions of a record come one after the other by their numbers. A version that nobody in the history
/// wrote was written by somebody else, one transaction for each. Of a record that the history erases, a read
/// of its absence is taken to say nothing, for it does not tell which absence it saw. Predicate reads see the
/// records that they list, and of others that they did not exist yet. Throws std::invalid_argument if two
/// writes made the same version of a record, or one of a version absent. Safe to call from any thread; makes
/// no steps. Cost: about linear for a serializable history.
[[nodiscard]] Serializability serializability(std::span<const TransactionRecord> history,
                                              SerialOrder order = SerialOrder::any);

/// Records transactions, under the simulator or by real threads. recorded.hpp does it for storages.
///
/// If the order is real time, the begin and the end of a transaction are steps of the simulator, because who
/// ended before another began must then be explored. Otherwise nothing here is a step.
class TransactionHistory {
 public:
  /// A transaction that is being recorded, by one thread. Unless it is committed, it counts as aborted, or
  /// not at all if it wrote nothing.
  class Recording {
   public:
    /// See TransactionHistory::begin.
    Recording(TransactionHistory& history, std::string name);
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    ~Recording();

    /// It read `key`, in `version`; absent if there was no record.
    void read(std::string key, Version version);
    /// It made `version` of `key`, which satisfies the predicates `matches`.
    void write(std::string key, Version version, std::vector<std::string> matches = {});
    /// It removed `key`, which was in `version`.
    void erase(std::string key, Version version);
    /// It looked for what satisfies `predicate`, and found these records: all there were, matching or not.
    void predicate_read(std::string predicate, std::vector<SeenByPredicate> seen);
    /// Any of these.
    void add(TransactionEvent event);
    /// True if it has written or erased anything.
    [[nodiscard]] bool wrote() const noexcept;
    /// It has committed. Once, as the last.
    void commit();

   private:
    TransactionHistory* history_;
    TransactionRecord record_;
    bool ended_ = false;
  };

  /// `order` is what `check_serializable` demands.
  explicit TransactionHistory(SerialOrder order = SerialOrder::any) : order_{order} {}
  TransactionHistory(const TransactionHistory&) = delete;
  TransactionHistory& operator=(const TransactionHistory&) = delete;

  /// Begins a transaction of the calling thread: `auto tx = history.begin("T1");` Safe to call from any
  /// thread.
  [[nodiscard]] Recording begin(std::string name = {}) { return Recording{*this, std::move(name)}; }
  /// Adds one that is over, its moments as they are. Safe to call from any thread.
  void add(TransactionRecord record);

  /// What was recorded, in the order of ends. Not while another thread records.
  [[nodiscard]] const std::vector<TransactionRecord>& transactions() const noexcept { return records_; }
  /// What it was made for.
  [[nodiscard]] SerialOrder order() const noexcept { return order_; }

 private:
  [[nodiscard]] std::uint64_t now();

  SerialOrder order_;
  std::mutex mutex_;  ///< for real threads; simulated ones take turns
  std::uint64_t clock_ = 0;
  std::vector<TransactionRecord> records_;
};

/// Fails the running execution unless what was recorded so far is serializable, in real time if the history
/// was made so. The finding names the anomalies and shows their cycles. From a simulated thread, while no
/// other thread records. Throws Abandoned to unwind the thread; std::logic_error outside an execution.
void check_serializable(const TransactionHistory& history, std::string_view what = "the history");

}  // namespace lockstep::sim
