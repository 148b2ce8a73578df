// A record whose copies, moves and assignments fail when they are told to.
#pragma once

#include <stdexcept>
#include <utility>

namespace test {

struct CopyFailed : std::runtime_error {
  CopyFailed() : runtime_error{"copy failed"} {}
};

/// Fails the copy, move or assignment that makes `countdown` zero.
class Throwing {
 public:
  static int& countdown() {
    static thread_local int left = 0;
    return left;
  }

  Throwing() = default;
  explicit Throwing(int value) : value_{value} {}
  Throwing(const Throwing& other) : value_{other.value_} { tick(); }
  Throwing(Throwing&& other) : value_{other.value_} { tick(); }  // NOLINT(*-noexcept-move*): it may throw
  Throwing& operator=(const Throwing& other) {
    tick();
    value_ = other.value_;
    return *this;
  }
  Throwing& operator=(Throwing&& other) {  // NOLINT(*-noexcept-move*): it may throw
    tick();
    value_ = other.value_;
    return *this;
  }
  ~Throwing() = default;

  [[nodiscard]] int value() const { return value_; }
  void set(int value) { value_ = value; }
  friend bool operator==(const Throwing& a, const Throwing& b) { return a.value_ == b.value_; }

 private:
  static void tick() {
    if (countdown() > 0 && --countdown() == 0) throw CopyFailed{};
  }
  int value_ = 0;
};

/// Calls `call` with the first copy failing, then with the second, and so on until it
/// gets through; calls `after_failure` after each that failed. Returns how many did.
template <class Call, class AfterFailure>
int fail_each_copy(Call&& call, AfterFailure&& after_failure) {
  for (int failing = 1;; ++failing) {
    Throwing::countdown() = failing;
    try {
      call();
      Throwing::countdown() = 0;
      return failing - 1;
    } catch (const CopyFailed&) {
      after_failure();
    }
  }
}

}  // namespace test
