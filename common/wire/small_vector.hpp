#pragma once
#include <msgpack.hpp>

#include "common/small_vector.hpp"

/// SmallVector in messages: an array, as std::vector is.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <class T, std::size_t N>
  struct convert<slicebus::SmallVector<T, N>> {
    const msgpack::object& operator()(const msgpack::object& from, slicebus::SmallVector<T, N>& to) const {
      if (from.type != msgpack::type::ARRAY) {
        throw msgpack::type_error();
      }
      to.resize(from.via.array.size);
      for (std::uint32_t i = 0; i < from.via.array.size; ++i) {
        from.via.array.ptr[i].convert(to[i]);
      }
      return from;
    }
  };

  template <class T, std::size_t N>
  struct pack<slicebus::SmallVector<T, N>> {
    template <class Stream>
    msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& to, const slicebus::SmallVector<T, N>& from) const {
      to.pack_array(static_cast<std::uint32_t>(from.size()));
      for (const T& each : from) {
        to.pack(each);
      }
      return to;
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
