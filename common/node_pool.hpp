#pragma once
#include <boost/pool/pool.hpp>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <optional>

namespace slicebus {

/// Memory for one std::pmr container of nodes (map, unordered_map) whose elements come and go by the million: a node
/// that it lets go of is the next one that it gets, without the heap. What it grew to is its own until the end. Not
/// thread-safe; to be declared before its container.
class NodePool : public std::pmr::memory_resource {
 public:
  enum class From { pool, heap };
#ifdef __SANITIZE_ADDRESS__
  static constexpr From from_default = From::heap;  // where the sanitizer sees what is used after its end
#else
  static constexpr From from_default = From::pool;
#endif
  explicit NodePool(From from = from_default) : from_(from) {}

 private:
  static constexpr std::size_t nodes_at_once = 64;

  bool is_node(std::size_t bytes, std::size_t alignment) const {
    return nodes_ && bytes == nodes_->get_requested_size() && alignment <= alignof(std::max_align_t);
  }
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (!nodes_ && from_ == From::pool) {
      nodes_.emplace(bytes, nodes_at_once, nodes_at_once);  // the first thing that such a container asks for is a node
    }
    if (!is_node(bytes, alignment)) {
      return ::operator new(bytes, std::align_val_t(alignment));
    }
    void* node = nodes_->malloc();
    if (node == nullptr) {
      throw std::bad_alloc();
    }
    return node;
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    if (is_node(bytes, alignment)) {
      nodes_->free(memory);
    } else {
      ::operator delete(memory, std::align_val_t(alignment));
    }
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  From from_;
  std::optional<boost::pool<>> nodes_;
};

}  // namespace slicebus
