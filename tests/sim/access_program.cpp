#include "access_program.hpp"

#include <lockstep/sim/sim.hpp>

#include "support.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <utility>

namespace lockstep::sim::test::axioms {

Access load(unsigned where, std::memory_order order) {
  return {.kind = Kind::load, .where = where, .order = order};
}
Access store(unsigned where, int value, std::memory_order order) {
  return {.kind = Kind::store, .where = where, .value = value, .order = order};
}
Access exchange(unsigned where, int value, std::memory_order order) {
  return {.kind = Kind::exchange, .where = where, .value = value, .order = order};
}
Access add(unsigned where, int value, std::memory_order order) {
  return {.kind = Kind::add, .where = where, .value = value, .order = order};
}
Access compare_exchange(unsigned where, int expected, int desired, std::memory_order success,
                        std::memory_order failure) {
  return {.kind = Kind::compare_exchange,
          .where = where,
          .value = desired,
          .order = success,
          .expected = expected,
          .failure = failure};
}
Access fence(std::memory_order order) { return {.kind = Kind::fence, .order = order}; }
Access plain_load(unsigned where) { return {.kind = Kind::plain_load, .where = where}; }
Access plain_store(unsigned where, int value) {
  return {.kind = Kind::plain_store, .where = where, .value = value};
}
Access if_read(int value, Access access) {
  access.made = Made::if_read;
  access.read = value;
  return access;
}
Access unless_read(int value, Access access) {
  access.made = Made::unless_read;
  access.read = value;
  return access;
}

namespace {

constexpr std::array names{"x", "y", "z", "u", "v", "w"};

bool is_plain(const Access& access) {
  return access.kind == Kind::plain_load || access.kind == Kind::plain_store;
}

const char* name(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "rlx";
    case std::memory_order_consume:
      return "con";
    case std::memory_order_acquire:
      return "acq";
    case std::memory_order_release:
      return "rel";
    case std::memory_order_acq_rel:
      return "ar";
    case std::memory_order_seq_cst:
      return "sc";
  }
  return "?";
}

std::string to_string(const Access& access) {
  const std::string_view where = names.at(access.where);
  const std::string value = std::to_string(access.value) + (access.plus_read ? "+r" : "");
  std::string text;
  if (access.made != Made::always) {
    text.append("r").append(access.made == Made::if_read ? "==" : "!=");
    text.append(std::to_string(access.read)).append(" ? ");
  }
  switch (access.kind) {
    case Kind::load:
    case Kind::plain_load:
      text.append(where);
      break;
    case Kind::store:
    case Kind::plain_store:
      text.append(where).append("=").append(value);
      break;
    case Kind::exchange:
      text.append("X(").append(where).append(",").append(value).append(")");
      break;
    case Kind::add:
      text.append(where).append("+=").append(value);
      break;
    case Kind::compare_exchange:
      text.append("C(").append(where).append(",").append(std::to_string(access.expected));
      text.append("->").append(value).append(")");
      break;
    case Kind::fence:
      text.append("F");
      break;
  }
  text.append(" ").append(is_plain(access) ? "plain" : name(access.order));
  if (access.kind == Kind::compare_exchange) text.append("/").append(name(access.failure));
  return text;
}

}  // namespace

unsigned locations(const Program& program) {
  unsigned count = 0;
  for (const auto& thread : program) {
    for (const Access& access : thread) {
      if (access.kind != Kind::fence) count = std::max(count, access.where + 1);
    }
  }
  return count;
}

bool is_plain(const Program& program, unsigned where) {
  return std::ranges::any_of(program, [&](const auto& thread) {
    return std::ranges::any_of(
        thread, [&](const Access& access) { return is_plain(access) && access.where == where; });
  });
}

std::string to_string(const Program& program) {
  std::string text;
  for (const auto& thread : program) {
    if (!text.empty()) text.append(" || ");
    for (const Access& access : thread) {
      if (&access != &thread.front()) text.append("; ");
      text.append(to_string(access));
    }
  }
  return text;
}

std::string outcome(const std::vector<std::vector<int>>& read, const std::vector<int>& last) {
  std::string text;
  for (const auto& thread : read) {
    if (&thread != &read.front()) text.append("| ");
    for (const int value : thread) text.append(std::to_string(value)).append(" ");
  }
  text.append("->");
  for (const int value : last) text.append(" ").append(std::to_string(value));
  return text;
}

namespace {

struct World {
  std::array<atomic<int>, 4> atomics{0, 0, 0, 0};
  std::vector<var<int>> plain = std::vector<var<int>>(4);
};

/// Makes the accesses of a thread, and returns what it reads.
std::vector<int> run(const std::vector<Access>& thread, World& world) {
  std::vector<int> read;
  for (const Access& access : thread) {
    const int last = read.empty() ? 0 : read.back();
    if (access.made != Made::always && (access.made == Made::if_read) != (last == access.read)) continue;
    const int value = access.value + (access.plus_read ? last : 0);
    auto& location = world.atomics.at(access.where);
    switch (access.kind) {
      case Kind::load:
        read.push_back(location.load(access.order));
        break;
      case Kind::store:
        location.store(value, access.order);
        break;
      case Kind::exchange:
        read.push_back(location.exchange(value, access.order));
        break;
      case Kind::add:
        read.push_back(location.fetch_add(value, access.order));
        break;
      case Kind::compare_exchange: {
        int expected = access.expected;
        location.compare_exchange_strong(expected, value, access.order, access.failure);
        read.push_back(expected);
        break;
      }
      case Kind::fence:
        sim::atomic_thread_fence(access.order);
        break;
      case Kind::plain_load:
        read.push_back(world.plain.at(access.where).get());
        break;
      case Kind::plain_store:
        world.plain.at(access.where).set(value);
        break;
    }
  }
  return read;
}

/// Runs a program once, and returns the outcome.
std::string run(const Program& program) {
  World world;
  for (unsigned where = 0; where != locations(program); ++where) {
    const std::string_view name = names.at(where);
    is_plain(program, where) ? label(world.plain[where], name) : label(world.atomics[where], name);
  }
  std::vector<std::vector<int>> read(program.size());
  repeatedly(static_cast<unsigned>(program.size()),
             [&](unsigned thread) { read[thread] = run(program[thread], world); });
  std::vector<int> last;
  for (unsigned where = 0; where != locations(program); ++where) {
    last.push_back(is_plain(program, where) ? world.plain[where].get()
                                            : world.atomics[where].load(std::memory_order_relaxed));
  }
  return outcome(read, last);
}

}  // namespace

std::function<void()> body(Program program, std::function<void(const std::string&)> tell) {
  return [program = std::move(program), tell = std::move(tell)] { tell(run(program)); };
}

namespace {

bool reads(const Access& access) {
  return access.kind != Kind::store && access.kind != Kind::plain_store && access.kind != Kind::fence;
}

/// Draws the accesses of a program.
class Draw {
 public:
  explicit Draw(unsigned number) : random_{number} {
    locations_ = std::array{1U, 2U, 2U, 2U, 2U, 2U, 3U, 3U}.at(below(8));
    style_ = below(7) / 2;
    plain_ = locations_ != 1 && below(8) == 0 ? locations_ - 1 : locations_;
  }

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  /// A thread of two that says something by its location, looks at the other's, and guards a plain location
  /// by what it sees there.
  std::vector<Access> guarded(unsigned me) {
    locations_ = 3;
    plain_ = 2;
    if (below(4) == 0) return {access(plain_), store(me, 1, one_of(stores))};
    std::vector<Access> made;
    if (below(4) != 0)
      made.push_back(below(3) != 0 ? store(me, 1, one_of(stores)) : exchange(me, 1, one_of(changes)));
    if (below(2) == 0) made.push_back(fence(changes[1 + below(4)]));
    made.push_back(load(1 - me, one_of(loads)));
    made.push_back(below(3) != 0 ? if_read(0, access(plain_)) : unless_read(0, access(plain_)));
    return made;
  }

  /// The next access of a thread that has made these.
  Access after(const std::vector<Access>& made) {
    unsigned where = below(locations_);
    // What a model orders loosely is what goes to different locations.
    if (!made.empty() && locations_ != 1 && below(4) != 0)
      where = (made.back().where + 1 + below(locations_ - 1)) % locations_;
    Access drawn = access(where);
    const bool something_was_read = std::ranges::any_of(made, reads);
    drawn.plus_read = something_was_read && below(5) == 0;
    if (something_was_read && below(drawn.where == plain_ ? 2 : 6) == 0) {
      drawn.made = below(2) == 0 ? Made::if_read : Made::unless_read;
      drawn.read = value(0);
    }
    return drawn;
  }

 private:
  static constexpr std::array loads{std::memory_order_relaxed, std::memory_order_acquire,
                                    std::memory_order_seq_cst};
  static constexpr std::array stores{std::memory_order_relaxed, std::memory_order_release,
                                     std::memory_order_seq_cst};
  static constexpr std::array changes{std::memory_order_relaxed, std::memory_order_acquire,
                                      std::memory_order_release, std::memory_order_acq_rel,
                                      std::memory_order_seq_cst};

  /// Of a program's style: mostly relaxed, release and acquire, anything, or all seq_cst.
  template <std::size_t count>
  std::memory_order one_of(const std::array<std::memory_order, count>& orders) {
    if (style_ == 0 && below(4) != 0) return orders.front();
    if (style_ == 1) return orders[count - 2];
    if (style_ == 3) return orders.back();
    return orders[below(count)];
  }

  int value(unsigned least) { return static_cast<int>(least + below(3)); }

  Access access(unsigned where) {
    // Each drawn by a statement of its own: compilers order arguments as they like.
    const int stored = value(1);
    const int expected = value(0);
    const std::memory_order changed = one_of(changes);
    const std::memory_order loaded = one_of(loads);
    if (where == plain_) return below(2) == 0 ? plain_load(where) : plain_store(where, stored);
    const unsigned drawn = below(20);
    if (drawn < 7) return load(where, loaded);
    if (drawn < 14) return store(where, stored, one_of(stores));
    if (drawn < 15) return exchange(where, stored, changed);
    if (drawn < 16) return add(where, 1, changed);
    if (drawn < 18) return compare_exchange(where, expected, stored, changed, loaded);
    Access between = fence(changes[1 + below(4)]);
    between.where = where;
    return between;
  }

  std::mt19937 random_;
  unsigned locations_;
  unsigned style_;
  unsigned plain_;  ///< the location of plain accesses, if there is one
};

}  // namespace

Program random_accesses(unsigned number) {
  Draw draw{number};
  if (draw.below(12) == 0) return {draw.guarded(0), draw.guarded(1)};
  const unsigned threads = 2 + draw.below(3) / 2;
  const unsigned length = 6 - draw.below(5) / 3;
  Program program(threads);
  for (unsigned i = 0; i != length; ++i) {
    auto& thread = program[i < 2 * threads ? i % threads : draw.below(threads)];
    thread.push_back(draw.after(thread));
  }
  return program;
}

}  // namespace lockstep::sim::test::axioms
