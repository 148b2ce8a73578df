// The hash map in which the embedded storage keeps its slots: chained nodes, which stay where they are.
//
// std::unordered_map does the same, and more, and costs a source that includes this library three times what
// this costs. A node's bucket is taken from the high bits of its hash times 2^64 over the golden ratio, as
// std::hash is the identity for numbers and addresses (Knuth, The Art of Computer Programming 3, 6.4).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace lockstep::memory::detail {

/// Values by keys. Not safe to use from several threads.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class NodeMap {
 public:
  /// A key and its value, at the same address until it is erased.
  class Node {
   public:
    template <class... Args>
    explicit Node(std::size_t hash, const Key& wanted, Args&&... args)
        : key{wanted}, value(std::forward<Args>(args)...), hash_{hash} {}

    const Key key;  // NOLINT(*-non-private-member-variables-in-classes): as in std::pair
    Value value;    // NOLINT(*-non-private-member-variables-in-classes)

   private:
    friend NodeMap;
    std::size_t hash_;
    std::unique_ptr<Node> next_;
  };

  NodeMap() = default;
  NodeMap(const NodeMap&) = delete;
  NodeMap& operator=(const NodeMap&) = delete;
  NodeMap(NodeMap&& other) noexcept
      : buckets_{std::exchange(other.buckets_, {})}, size_{std::exchange(other.size_, 0)} {}
  NodeMap& operator=(NodeMap&& other) noexcept {
    NodeMap taken{std::move(other)};
    buckets_.swap(taken.buckets_);
    std::swap(size_, taken.size_);
    return *this;
  }
  /// Node by node: a long chain would otherwise need a deep stack.
  ~NodeMap() {
    for (auto& bucket : buckets_) {
      while (bucket) bucket = std::move(bucket->next_);
    }
  }

  /// Null if there is none.
  [[nodiscard]] Node* find(const Key& key) const {
    return buckets_.empty() ? nullptr : find(key, Hash{}(key));
  }

  /// The key's node, and whether it is new. Has no effect if it throws.
  template <class... Args>
  std::pair<Node*, bool> try_emplace(const Key& key, Args&&... args) {
    const std::size_t hash = Hash{}(key);
    if (Node* const found = buckets_.empty() ? nullptr : find(key, hash)) return {found, false};
    auto node = std::make_unique<Node>(hash, key, std::forward<Args>(args)...);
    if (size_ == buckets_.size()) grow();
    ++size_;
    return {push(buckets_, std::move(node)), true};
  }

  void erase(const Node& node) noexcept {
    auto* link = &buckets_[bucket(buckets_, node.hash_)];
    while (link->get() != &node) link = &(*link)->next_;
    *link = std::move((*link)->next_);
    --size_;
  }

  /// Calls `visit` with each node, in no particular order. It must not add or erase any.
  template <class Visit>
  void each(const Visit& visit) {
    for (auto& bucket : buckets_) {
      for (Node* node = bucket.get(); node != nullptr; node = node->next_.get()) visit(*node);
    }
  }

 private:
  using Buckets = std::vector<std::unique_ptr<Node>>;  // none, or a power of two

  static std::size_t bucket(const Buckets& buckets, std::size_t hash) noexcept {
    constexpr std::uint64_t golden = 0x9e37'79b9'7f4a'7c15;
    const auto bits = static_cast<unsigned>(std::countr_zero(buckets.size()));
    return static_cast<std::size_t>((hash * golden) >> (64U - bits));
  }

  [[nodiscard]] Node* find(const Key& key, std::size_t hash) const {
    Node* node = buckets_[bucket(buckets_, hash)].get();
    while (node != nullptr && (node->hash_ != hash || !Equal{}(node->key, key))) node = node->next_.get();
    return node;
  }

  static Node* push(Buckets& buckets, std::unique_ptr<Node> node) noexcept {
    auto& first = buckets[bucket(buckets, node->hash_)];
    node->next_ = std::move(first);
    first = std::move(node);
    return first.get();
  }

  void grow() {
    constexpr std::size_t at_first = 8;
    Buckets more(buckets_.empty() ? at_first : 2 * buckets_.size());
    for (auto& bucket : buckets_) {
      while (bucket) {
        auto node = std::move(bucket);
        bucket = std::move(node->next_);
        push(more, std::move(node));
      }
    }
    buckets_ = std::move(more);
  }

  Buckets buckets_;
  std::size_t size_ = 0;
};

}  // namespace lockstep::memory::detail
