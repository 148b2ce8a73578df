// A request that is performed exactly once, however often it is sent: whoever sends it gives it a key, and a
// receipt under that key commits together with what the request changes. So a commit whose answer did not
// come is looked up rather than guessed at, and a client that was killed sends the same request again.
//
// Two attempts with one key cannot both land, since each inserts the receipt: whether a look found it early
// or late decides only how much is done in vain. Source: P. Helland, "Idempotence Is Not a Medical
// Condition", ACM Queue 10(4), 2012, and the IETF draft "The Idempotency-Key HTTP Header Field".
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/core/fingerprint.hpp>
#include <lockstep/storage/receipt.hpp>
#include <lockstep/verbs/transfer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep {

/// An idempotency key is required, and there is none: an empty one would make all requests one.
class IdempotencyKeyMissing : public Error {
 public:
  IdempotencyKeyMissing() : Error{"an idempotency key is required, and it is empty"} {}
};

/// The key was used for another request. Nothing was written.
class IdempotencyKeyReused : public Error {
 public:
  /// `key` names another request already.
  explicit IdempotencyKeyReused(std::string key)
      : Error{joined("the idempotency key ", key, " was used for another request")}, key_{std::move(key)} {}
  /// The key.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

 private:
  std::string key_;
};

/// The sender's name of a request: another one for each request, the same one whenever that is sent again. A
/// UUID will do, or the number of an order.
class IdempotencyKey {
 public:
  /// Any text. Throws IdempotencyKeyMissing if it is empty.
  template <std::convertible_to<std::string_view> Text>
  IdempotencyKey(const Text& text) : text_{std::string_view{text}} {
    if (text_.empty()) throw IdempotencyKeyMissing{};
  }
  /// The text.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// That a request is to be performed once: `transact(db, {.idempotency_key = "order-4711"}, fn)`.
struct Once {
  IdempotencyKey idempotency_key;  ///< the request's name
  std::string request = {};  ///< what is asked, in words or bytes of the sender's, if a key that is used for
                             ///< something else is to be noticed; a digest of 63 bits is kept
  std::chrono::nanoseconds reconnect_for =
      std::chrono::seconds{30};  ///< connections that are lost are made again for so long
};

/// What a request gave, and when.
template <class Result = void>
struct Answer {
  Result result;  ///< what its function returned when it was performed
  bool replayed;  ///< true if that was before: another call has performed it
};
/// The same, of a function that returns nothing.
template <>
struct Answer<void> {
  bool replayed;  ///< true if another call has performed it before
};

/// How the result of a request is kept in its receipt. Defined for std::string, integers, bool and
/// enumerations; specialise it for a type of your own.
template <class T>
struct Outcome;

/// Text, as it is.
template <>
struct Outcome<std::string> {
  /// The text itself.
  static std::string to_text(const std::string& result) { return result; }
  /// Any text is one.
  static std::optional<std::string> from_text(std::string_view text) { return std::string{text}; }
};

/// Integers, in decimal; bool, as 0 or 1; enumerations, as their numbers.
template <class T>
  requires std::integral<T> || std::is_enum_v<T>
struct Outcome<T> {
  /// Decimal digits.
  static std::string to_text(T result) { return std::to_string(static_cast<Number>(result)); }
  /// Nothing unless `T` can hold it.
  static std::optional<T> from_text(std::string_view text) {
    Number number{};
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || at != end || !(static_cast<Number>(static_cast<T>(number)) == number))
      return {};
    return static_cast<T>(number);
  }

 private:
  using Number = std::conditional_t<std::is_unsigned_v<T>, std::uint64_t, std::int64_t>;
};

namespace detail {

template <class T>
concept KeptOutcome = requires(const T& result, std::string_view text) {
  { Outcome<T>::to_text(result) } -> std::same_as<std::string>;
  { Outcome<T>::from_text(text) } -> std::same_as<std::optional<T>>;
};

[[nodiscard]] inline std::int64_t digest(std::string_view request) noexcept {
  return static_cast<std::int64_t>(fingerprint(request));
}

/// How long lost connections are made again: at once, and then after pauses that double up to half a second.
template <Runtime R>
class Reconnects {
 public:
  Reconnects(std::chrono::nanoseconds limit, const std::stop_token& stop) : limit_{limit}, stop_{stop} {}

  /// Returns when it is time for another one; false if there is to be none.
  [[nodiscard]] bool again() {
    const auto now = R::clock::now();
    if (!began_) began_ = now;
    if (stop_.stop_requested() || now - *began_ >= limit_) return false;
    if (lost_++ == 0) return true;
    const std::chrono::nanoseconds range = std::min<std::chrono::nanoseconds>(
        std::chrono::milliseconds{500}, std::chrono::milliseconds{5} * (1U << std::min(lost_, 10U)));
    const auto ticks = static_cast<std::uint64_t>(range.count());
    R::sleep_for(std::chrono::nanoseconds{static_cast<std::int64_t>(R::random() % (ticks + 1))}, stop_);
    return !stop_.stop_requested();
  }

 private:
  std::chrono::nanoseconds limit_;
  std::stop_token stop_;
  std::optional<typename R::clock::time_point> began_;
  unsigned lost_ = 0;
};

/// One request, over all its attempts.
template <ReceiptSource D, class F, class Prepare>
class OnceRun {
  using R = runtime_of<D>;
  using Tx = Transaction<session_of<D>>;
  using Receipts = std::remove_reference_t<decltype(std::declval<D&>().receipts())>;
  using Result = std::invoke_result_t<F&, Tx&>;

 public:
  OnceRun(D& source, const Once& once, std::int64_t digest, F& fn, Prepare& prepare, const Retry& retry)
      : source_{&source}, once_{&once}, digest_{digest}, fn_{&fn}, prepare_{&prepare}, retry_{&retry} {}

  [[nodiscard]] Answer<Result> operator()() {
    const auto attempt = [this](Tx& tx) { return this->attempt(tx); };
    return run_transaction(*source_, attempt, *retry_, Tx::Access::read_write, *this);
  }

  /// Runs the attempts until one of them is known to have landed, or none of them to be able to. Throws
  /// OutcomeUnknown where neither can be found out in time.
  template <class Loop>
  void run(Loop&& loop, Hooks& hooks) {
    for (Reconnects<R> reconnects{once_->reconnect_for, retry_->stop};;) {
      std::exception_ptr lost;
      try {
        auto&& receipts = source_->receipts();  // as long as the attempts that use it
        receipts_ = std::addressof(receipts);
        if (landed(loop)) return;
        continue;
      } catch (const OutcomeUnknown&) {
        lost = last_unknown_ = std::current_exception();
      } catch (const ConnectionLost&) {
        lost = std::current_exception();
      }
      if (reconnects.again()) continue;
      if (!last_unknown_) std::rethrow_exception(lost);
      hooks.clear();  // they would say that it was rolled back
      std::rethrow_exception(last_unknown_);
    }
  }

  /// `tx` has landed, or not, or will.
  void unknown(Tx& tx) { unknown_.push_back({number_, tx.take_after_commit()}); }

 private:
  struct Unknown {
    std::int64_t number;
    Hooks after_commit;
  };

  [[nodiscard]] const std::string& key() const noexcept { return once_->idempotency_key.text(); }

  /// Once more through the attempts; false if it was found that another one had landed, whose receipt is
  /// there.
  template <class Loop>
  bool landed(Loop&& loop) {
    if (unknown_.empty() || found_) {
      loop();
      return true;
    }
    try {
      loop();
      return true;
    } catch (const OutcomeUnknown&) {
      throw;
    } catch (const ConnectionLost&) {
      throw;
    } catch (...) {  // to be told only if none that is under way lands after it
      if (forestalled()) throw;
      found_ = true;
      return false;
    }
  }

  /// Sees to it that no earlier attempt can land any more, by a receipt that says that none has; false if one
  /// has.
  bool forestalled() {
    try {
      const auto forestall = [this](Tx& tx) {
        const auto* const receipt = tx.find(*receipts_, key());
        if (!receipt) {
          tx.insert(*receipts_, key(), {digest_, 0, {}});
        } else if (receipt->attempt == 0) {
          tx.touch(*receipts_, key());
        } else {
          return false;
        }
        return true;
      };
      return run_transaction(*source_, forestall, Retry{.stop = retry_->stop}, Tx::Access::read_write);
    } catch (const ConnectionLost&) {
      throw;
    } catch (...) {
      std::rethrow_exception(last_unknown_);
    }
  }

  Answer<Result> attempt(Tx& tx) {
    (*prepare_)(tx);
    const auto* const receipt = tx.find(*receipts_, key());
    const bool there = receipt != nullptr;
    if (there && receipt->attempt != 0) return replay(tx, *receipt);

    number_ = static_cast<std::int64_t>(R::random() >> 1U | 1U);
    Receipt next{digest_, number_, {}};
    auto answer = perform(tx, next);
    if (there) {
      tx.edit(*receipts_, key()) = std::move(next);
    } else {
      tx.insert(*receipts_, key(), std::move(next));
    }
    return answer;
  }

  Answer<Result> perform(Tx& tx, Receipt& receipt) {
    if constexpr (std::is_void_v<Result>) {
      static_cast<void>(receipt);
      std::invoke(*fn_, tx);
      return {false};
    } else {
      Answer<Result> answer{std::invoke(*fn_, tx), false};
      receipt.outcome = Outcome<Result>::to_text(answer.result);
      return answer;
    }
  }

  /// What an earlier attempt gave. If it was of this call, its hooks run at last.
  Answer<Result> replay(Tx& tx, const Receipt& receipt) {
    if (receipt.digest != digest_) throw IdempotencyKeyReused{key()};
    bool replayed = true;
    for (auto& attempt : unknown_) {
      if (attempt.number != receipt.attempt) continue;
      replayed = false;
      for (const auto& hook : attempt.after_commit) tx.after_commit(hook);
    }
    if constexpr (std::is_void_v<Result>) {
      return {replayed};
    } else {
      auto result = Outcome<Result>::from_text(receipt.outcome);
      if (!result) throw IdempotencyKeyReused{key()};
      return {*std::move(result), replayed};
    }
  }

  D* source_;
  const Once* once_;
  std::int64_t digest_;
  F* fn_;
  Prepare* prepare_;
  const Retry* retry_;
  Receipts* receipts_ = nullptr;
  std::int64_t number_ = 0;  // of the present attempt
  std::vector<Unknown> unknown_;
  std::exception_ptr last_unknown_;
  bool found_ = false;
};

template <SessionSource D, class F, class Prepare>
auto run_once(D& source, const Once& once, std::int64_t digest, F& fn, Prepare&& prepare,
              const Retry& retry) {
  using Result = std::invoke_result_t<F&, Transaction<session_of<D>>&>;
  static_assert(!std::is_reference_v<Result>, "a transaction returns values: what it refers to ends with it");
  static_assert(
      ReceiptSource<D>,
      "an idempotency key needs a storage that keeps receipts: give your database a receipts(), a storage of "
      "lockstep::Receipt by std::string that commits together with the others");
  if constexpr (ReceiptSource<D>) {
    static_assert(
        std::is_void_v<Result> || KeptOutcome<Result>,
        "the result of a request with an idempotency key is kept as text: specialise lockstep::Outcome "
        "for its type, or return nothing");
    if constexpr (std::is_void_v<Result> || KeptOutcome<Result>) {
      return OnceRun<D, F, std::remove_reference_t<Prepare>>{source, once, digest, fn, prepare, retry}();
    }
  }
}

/// The name of the member that a transfer moves, where it is described.
template <class T, auto Field>
[[nodiscard]] std::string field_name() {
  std::string found;
  if constexpr (Described<T> && std::is_member_object_pointer_v<decltype(Field)>) {
    for_each_field<T>([&](const char* name, auto field) {
      if constexpr (std::same_as<decltype(field), std::remove_cv_t<decltype(Field)>>) {
        if (field == Field) found = name;
      }
    });
  }
  return found;
}

template <Numeric Amount>
[[nodiscard]] std::string amount_text(Amount amount) {
  if constexpr (std::integral<Amount>) {
    return std::to_string(amount);
  } else {
    std::array<char, 64> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), amount).ptr;
    return {digits.data(), end};
  }
}

}  // namespace detail

/// Performs a request exactly once: as `transact`, and leaves a receipt under its key in the same commit. If
/// there is one already, `fn` is not run, and what it gave then is returned. Of several calls with one key,
/// on one machine or many, one performs it.
///
/// Safe to call from any thread. A connection that is lost is made again (`Once::reconnect_for`), and a
/// commit whose outcome is unknown is found out: the receipt is there, or the request is run again.
/// `after_commit` hooks run in the call that has performed it, once that is known. Throws
/// IdempotencyKeyReused if the key was used for another `Once::request`; what `transact` throws, and then
/// nothing was written, and nothing that is still under way will be; OutcomeUnknown or ConnectionLost if the
/// connection did not come back in time. Send the same request again then: the same key makes it one.
///
/// What `fn` throws leaves no receipt: sent again, the request is tried again.
/// Cost: as `transact`, and a look for the receipt, which is one round trip where loads cost any.
template <SessionSource D, std::invocable<Transaction<session_of<D>>&> F>
auto transact(D& source, const Once& once, F&& fn, const Retry& retry = {}, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(source, where);
  const auto nothing = [](auto&) {};
  return detail::run_once(source, once, detail::digest(once.request), fn, nothing, retry);
}

/// Moves an amount exactly once: as `transfer`, under an idempotency key as `transact` with one. A key that
/// was used for other accounts, another amount or another (described) member is refused with
/// IdempotencyKeyReused.
///
/// Cost: two round trips where loads cost any, as a transfer without a key: the receipt is looked for
/// together with the accounts.
template <auto Field = Balance{}, Storage S>
  requires detail::Numeric<detail::AmountOf<record_of<S>, Field>>
Answer<> transfer(S& storage, const Transfer<key_of<S>, detail::AmountOf<record_of<S>, Field>>& transfer,
                  const Once& once, const Retry& retry = {}, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  static_assert(Textual<key_of<S>>,
                "a transfer with an idempotency key: the accounts' keys need a text of their own");
  detail::check_transfer(storage, transfer);
  std::string request;
  if constexpr (Textual<key_of<S>>) {
    request = text_of(std::tuple{name_of(storage), detail::field_name<record_of<S>, Field>(),
                                 text_of(transfer.from), text_of(transfer.to),
                                 detail::amount_text(transfer.amount), once.request});
  }
  const auto move = [&](auto& tx) { detail::move_amount<Field>(tx, storage, transfer); };
  const auto prepare = [&](auto& tx) { detail::prepare_transfer(tx, storage, transfer); };
  return detail::run_once(storage, once, detail::digest(request), move, prepare, retry);
}

}  // namespace lockstep
