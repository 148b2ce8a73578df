// A form that was opened, left alone, and sent: what others changed meanwhile is
// overwritten, unless the form says which version it was made from.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_old_form {

namespace {

struct Customer {
  int limit = 100;
  bool active = true;
  friend bool operator==(const Customer&, const Customer&) = default;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (limit, active))

using Customers = Simulated<memory::Table<int, Customer, Runtime>>;

struct Form {
  std::string version;
  Customer fields;
};

/// Two people open the form of one customer; one sets the customer inactive, the other
/// lowers the limit. Each knows only the form.
template <class Submit>
void two_forms(Submit&& submit) {
  Stage<Customer> stage{"customers"};
  stage.put(1, {});
  auto& customers = stage.calls;
  const auto open_form = [&] {
    const auto customer = load(customers, 1);
    return Form{token(customers, 1, customer), customer.record};
  };
  bool deactivated = false;
  bool lowered = false;
  concurrently(
      [&] {
        auto form = open_form();
        form.fields.active = false;
        deactivated = submit(customers, form);
      },
      [&] {
        auto form = open_form();
        form.fields.limit = 90;
        lowered = submit(customers, form);
      });
  const auto customer = stage.peek(1).value();
  check(deactivated == !customer->active, "a change that was accepted is still there: active");
  check(lowered == (customer->limit == 90), "a change that was accepted is still there: limit");
}

void without_token() {
  two_forms([](Customers& customers, const Form& form) {
    auto now = load(customers, 1);
    *now = form.fields;  // the version is fresh, the fields are old
    return static_cast<bool>(save(customers, 1, now));
  });
}

void with_token() {
  two_forms([](Customers& customers, const Form& form) {
    return static_cast<bool>(save(customers, 1, {form.fields, expect(customers, 1, form.version)}));
  });
}

const Registered scenarios[]{
    Registered{{.name = "old_form/without_token",
                .summary = "a form saved over whatever is there by now",
                .expected = FindingKind::check,
                .body = without_token}},
    Registered{{.name = "old_form/with_token",
                .summary = "expect(token) guards the save by the version that the form showed",
                .body = with_token}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_old_form
