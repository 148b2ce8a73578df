// What is left of a request that is to be performed once: a record beside those that it changed, in the same
// commit. It is there if and only if they have changed.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <boost/describe/class.hpp>

#include <concepts>
#include <cstdint>
#include <string>

namespace lockstep {

/// The record at an idempotency key.
struct Receipt {
  std::int64_t digest = 0;  ///< of what was asked: the same key with something else is a mistake
  std::int64_t attempt =
      0;  ///< a number of the attempt that performed it; 0: none has, and earlier ones cannot
  std::string outcome = {};  ///< what it gave, as text
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (digest, attempt, outcome))

namespace detail {

template <class S, class D>
concept ReceiptsOf = Storage<S> && std::same_as<key_of<S>, std::string> &&
                     std::same_as<record_of<S>, Receipt> && std::same_as<session_of<S>, session_of<D>>;

}  // namespace detail

/// A database, or a storage of one, with a storage for receipts whose writes commit together with all others
/// of a session. `receipts()` gives a reference to it, or a handle.
template <class D>
concept ReceiptSource = SessionSource<D> && requires(D& source) {
  { source.receipts() } -> detail::ReceiptsOf<D>;
};

}  // namespace lockstep
