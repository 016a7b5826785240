#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace slicebus::operations {

/// Chance as a function: the same seed, position and use give the same number on every machine. (SplitMix64's mixer.)
class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t position);
  std::uint64_t next();
  /// 0..bound-1, bound ≥ 1
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

/// One-to-one on 64-bit numbers.
std::uint64_t mix(std::uint64_t number);

void append_ipv4(std::string& out, Chance& chance);
void append_ipv6(std::string& out, Chance& chance);
void append_user_agent(std::string& out, Chance& chance);
void append_url(std::string& out, Chance& chance);
void append_location(std::string& out, Chance& chance);  ///< "-12.34567, 123.45678"
void append_name(std::string& out, Chance& chance);      ///< "Ada Keller"
/// A UUID v4; different for each position under one seed.
void append_uuid(std::string& out, Chance& chance, std::uint64_t seed, std::uint64_t position);
/// `count` characters of `alphabet`, which has 16 or 64.
void append_characters(std::string& out, Chance& chance, std::string_view alphabet, std::size_t count);
void append_number(std::string& out, std::uint64_t number);

}  // namespace slicebus::operations
