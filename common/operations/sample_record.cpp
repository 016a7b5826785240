#include "common/operations/sample_record.hpp"

#include <array>
#include <charconv>

namespace slicebus::operations {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::array<std::string_view, 8> agents = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_2) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/",
    "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 Version/",
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
    "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/"};
constexpr std::array<std::string_view, 16> words = {"amber", "birch",  "cedar",  "delta",   "ember", "fjord",
                                                    "grove", "harbor", "indigo", "juniper", "kelp",  "lumen",
                                                    "maple", "north",  "onyx",   "prairie"};
constexpr std::array<std::string_view, 8> domains = {".com", ".net", ".org", ".info", ".biz", ".io", ".dev", ".name"};
constexpr std::array<std::string_view, 16> first_names = {"Ada",   "Bela", "Chloe", "Dario", "Edda", "Femi",
                                                          "Greta", "Hugo", "Ines",  "Jonas", "Kira", "Leif",
                                                          "Mona",  "Nuno", "Olga",  "Pavel"};
constexpr std::array<std::string_view, 16> last_names = {"Abel",   "Brandt", "Costa", "Dietz",  "Ekman",  "Fabre",
                                                         "Gruber", "Hansen", "Ito",   "Jansen", "Keller", "Lindt",
                                                         "Moreau", "Novak",  "Okoro", "Petit"};

void append_hex(std::string& out, std::uint64_t number, int digits) {
  for (int digit = digits - 1; digit >= 0; --digit) {
    out += hex_digits[(number >> (4U * static_cast<unsigned>(digit))) & 0xFU];
  }
}

}  // namespace

std::uint64_t mix(std::uint64_t number) {
  number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  number = (number ^ (number >> 27U)) * 0x94D049BB133111EBULL;
  return number ^ (number >> 31U);
}

Chance::Chance(std::uint64_t seed, std::uint64_t position)
    : state_(mix(mix(seed + 0x9E3779B97F4A7C15ULL) + position)) {}

std::uint64_t Chance::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  return mix(state_);
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_ipv4(std::string& out, Chance& chance) {
  const std::uint64_t bits = chance.next();
  append_number(out, 1 + (bits & 0xFFU) % 223);
  for (unsigned part = 1; part < 4; ++part) {
    out += '.';
    append_number(out, (bits >> (8U * part)) & 0xFFU);
  }
}

void append_ipv6(std::string& out, Chance& chance) {
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t bits = chance.next();
    for (unsigned part = 0; part < 4; ++part) {
      if (half + static_cast<int>(part) > 0) {
        out += ':';
      }
      append_hex(out, bits >> (16U * part), 4);
    }
  }
}

void append_user_agent(std::string& out, Chance& chance) {
  const std::uint64_t bits = chance.next();
  out += agents[bits % agents.size()];
  append_number(out, 9 + (bits >> 8U) % 110);
  out += ".0.";
  append_number(out, (bits >> 24U) % 6'000);
}

void append_url(std::string& out, Chance& chance) {
  const std::uint64_t bits = chance.next();
  out += (bits & 1U) != 0 ? "https://" : "http://";
  out += words[(bits >> 1U) % words.size()];
  out += '-';
  out += words[(bits >> 8U) % words.size()];
  out += domains[(bits >> 16U) % domains.size()];
  if ((bits >> 24U) % 2 != 0) {
    out += '/';
    out += words[(bits >> 32U) % words.size()];
  }
}

void append_location(std::string& out, Chance& chance) {
  const auto degrees = [&](std::uint64_t range) {
    const std::uint64_t value = chance.below(2 * range * 100'000 + 1);
    const bool negative = value < range * 100'000;
    const std::uint64_t size = negative ? range * 100'000 - value : value - range * 100'000;
    out += negative ? "-" : "";
    append_number(out, size / 100'000);
    out += '.';
    const std::string part = std::to_string(size % 100'000);
    out.append(5 - part.size(), '0');
    out += part;
  };
  degrees(90);
  out += ", ";
  degrees(180);
}

void append_name(std::string& out, Chance& chance) {
  const std::uint64_t bits = chance.next();
  out += first_names[bits % first_names.size()];
  out += ' ';
  out += last_names[(bits >> 8U) % last_names.size()];
}

void append_uuid(std::string& out, Chance& chance, std::uint64_t seed, std::uint64_t position) {
  // 64 of the 122 free bits are one-to-one with the position, so that no two records of a run are equal.
  const std::uint64_t unique = mix(position ^ mix(seed));
  const std::uint64_t other = chance.next();
  append_hex(out, unique >> 32U, 8);
  out += '-';
  append_hex(out, unique >> 16U, 4);
  out += "-4";
  append_hex(out, other, 3);
  out += '-';
  out += "89ab"[(other >> 12U) & 3U];
  append_hex(out, other >> 16U, 3);
  out += '-';
  append_hex(out, unique, 4);
  append_hex(out, other >> 32U, 8);
}

void append_characters(std::string& out, Chance& chance, std::string_view alphabet, std::size_t count) {
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < count; ++at) {
    bits = at % 10 == 0 ? chance.next() : bits >> 6U;
    out += alphabet[bits % alphabet.size()];
  }
}

}  // namespace slicebus::operations
