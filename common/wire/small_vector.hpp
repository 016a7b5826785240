#pragma once
#include <boost/container/small_vector.hpp>
#include <msgpack.hpp>

/// boost::container::small_vector in messages: an array, as std::vector is. Its first N elements need no allocation,
/// which is what a slice costs most where its operations do next to nothing.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <class T, std::size_t N>
  struct convert<boost::container::small_vector<T, N>> {
    const msgpack::object& operator()(const msgpack::object& from, boost::container::small_vector<T, N>& to) const {
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
  struct pack<boost::container::small_vector<T, N>> {
    template <class Stream>
    msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& to,
                                        const boost::container::small_vector<T, N>& from) const {
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
