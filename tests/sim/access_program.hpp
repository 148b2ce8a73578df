// Tiny programs of single accesses, for comparing an exploration with the axioms of a memory model.
//
// A program is data: axioms.hpp judges it without running it, `body` runs it in the simulator. Both tell what
// an execution did by the same text, its outcome.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lockstep::sim::test::axioms {

/// What an access does. Plain ones are not atomic.
enum class Kind { load, store, exchange, add, compare_exchange, fence, plain_load, plain_store };

/// Whether an access is made: it may hang on the value that its thread read last, which is 0 at first.
enum class Made { always, if_read, unless_read };

/// One access to location `where`. A location is either accessed by plain accesses alone or by others alone,
/// and holds 0 at first.
struct Access {
  Kind kind = Kind::load;
  unsigned where = 0;
  int value = 0;  ///< what is stored, added, or desired
  std::memory_order order = std::memory_order_relaxed;
  int expected = 0;                                       ///< of a (strong) compare-exchange
  std::memory_order failure = std::memory_order_relaxed;  ///< likewise
  bool plus_read = false;                                 ///< `value` is increased by what was read last
  Made made = Made::always;
  int read = 0;  ///< what must have been read last, or must not
};

/// The accesses of each thread.
using Program = std::vector<std::vector<Access>>;

/// Names for accesses, as in `store(x, 1, release)`.
Access load(unsigned where, std::memory_order order);
Access store(unsigned where, int value, std::memory_order order);
Access exchange(unsigned where, int value, std::memory_order order);
Access add(unsigned where, int value, std::memory_order order);
Access compare_exchange(unsigned where, int expected, int desired, std::memory_order success,
                        std::memory_order failure);
Access fence(std::memory_order order);
Access plain_load(unsigned where);
Access plain_store(unsigned where, int value);
/// The access, made only if its thread has read `value` last.
Access if_read(int value, Access access);
/// The access, made only if its thread has read something else last.
Access unless_read(int value, Access access);

/// The number of locations: one more than the highest that is named.
unsigned locations(const Program& program);
/// Whether the location is one of plain accesses.
bool is_plain(const Program& program, unsigned where);

/// The program as text, to be read: "x=1 rel; x==0 ? y rlx || F sc".
std::string to_string(const Program& program);

/// The outcome of an execution: what each thread read, in its order, and what the locations held last.
/// "1 0 | 2 -> 1 2" is of two threads with two reads and one, and of two locations.
std::string outcome(const std::vector<std::vector<int>>& read, const std::vector<int>& last);

/// The program, of at most four locations, as the body of a test: `lockstep::sim::atomic`s, and `var`s for
/// plain locations. At the end of each execution that gets there it tells the outcome; what the locations
/// hold last is loaded by the body itself, after all threads have ended, so that there is one choice.
std::function<void()> body(Program program, std::function<void(const std::string& outcome)> tell);

/// The random program of that number: two or three threads, five or six accesses, one to three locations, of
/// all kinds and orders; now and then one of two threads that guard a plain location by atomics.
Program random_accesses(unsigned number);

}  // namespace lockstep::sim::test::axioms
