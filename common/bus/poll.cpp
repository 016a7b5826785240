#include <algorithm>
#include <cerrno>

#include "common/bus/zmq_parts.hpp"

namespace slicebus::bus {
namespace {

using Clock = std::chrono::steady_clock;

/// Rounded up: a loop that wakes before its deadline would spin until it is reached.
long whole_ms(Clock::duration left) {
  return static_cast<long>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

}  // namespace

struct Poll::Impl {
  std::vector<int> keys;  ///< ascending; beside items
  std::vector<zmq_pollitem_t> items;
  int next_key = 1;

  int add(zmq_pollitem_t item) {
    items.push_back(item);
    keys.push_back(next_key);
    return next_key++;
  }
  /// The index of a key, or the number of items.
  std::size_t find(int key) const {
    const auto at = std::lower_bound(keys.begin(), keys.end(), key);
    return at != keys.end() && *at == key ? static_cast<std::size_t>(at - keys.begin()) : keys.size();
  }
};

Poll::Poll() : impl_(std::make_unique<Impl>()) {}
Poll::~Poll() = default;

int Poll::watch(void* socket) { return impl_->add({socket, 0, ZMQ_POLLIN, 0}); }
int Poll::watch_fd(int fd) { return impl_->add({nullptr, fd, ZMQ_POLLIN, 0}); }

void Poll::unwatch(int key) {
  const std::size_t at = impl_->find(key);
  if (at < impl_->keys.size()) {
    impl_->keys.erase(impl_->keys.begin() + static_cast<std::ptrdiff_t>(at));
    impl_->items.erase(impl_->items.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void Poll::wait(std::optional<std::chrono::microseconds> timeout) {
  const Clock::time_point start = Clock::now();
  for (zmq_pollitem_t& item : impl_->items) {
    item.revents = 0;
  }
  int ready = -1;
  do {
    const long left = timeout ? whole_ms(*timeout - (Clock::now() - start)) : -1;
    ready = zmq_poll(impl_->items.data(), static_cast<int>(impl_->items.size()), left);
  } while (ready < 0 && zmq_errno() == EINTR);
}

bool Poll::ready(int key) const {
  const std::size_t at = impl_->find(key);
  return at < impl_->items.size() && impl_->items[at].revents != 0;
}

}  // namespace slicebus::bus
