// Steps of one's own: a call to something that the simulator does not know, a file or a
// service, becomes one step with what it reads and writes, so that others can come
// between two calls, but not into one.
#include <lockstep/sim/sim.hpp>

#include <iostream>
#include <string>

namespace sim = lockstep::sim;

namespace {

// Stands for a service with a read and a write of its own.
class Register {
 public:
  // [step]
  int read() const {
    return sim::step("read", {sim::reads("register")}, [&] {
      // [outcome]
      sim::outcome([&] { return "-> " + std::to_string(value_); });
      // [outcome]
      return value_;
    });
  }
  void write(int value) {
    sim::step("write", {sim::writes("register")}, [&] { value_ = value; });
  }
  // [step]

  // [quietly]
  int peek() const {
    return sim::quietly([&] { return value_; });  // no step: for checks at the end
  }
  // [quietly]

 private:
  int value_ = 0;
};

}  // namespace

int main() {
  const auto result = sim::explore([] {
    Register balance;
    const auto deposit = [&] { balance.write(balance.read() + 10); };
    sim::concurrently(deposit, deposit);
    sim::check(balance.peek() == 20, "both deposits are in the balance");
  });
  std::cout << result.report();
  return result.passed() ? 1 : 0;  // this one must be found
}
