#include "master/store/words.hpp"

#include "common/record/json_text.hpp"

namespace slicebus::store {
namespace {

/// The code point of a well-formed sequence of `length` bytes.
char32_t decode(std::string_view bytes, std::size_t length) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  switch (length) {
    case 2:
      return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
    case 3:
      return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    default:
      return (byte(0) & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU);
  }
}

/// Lower case of the letters that have one in two bytes; others as they are.
char32_t lower(char32_t c) {
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
    return c + 0x20;
  }
  if (c >= 0x400 && c <= 0x40F) {
    return c + 0x50;
  }
  const bool even_is_upper = (c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
                             (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF);
  const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  return (even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1) ? c + 1 : c;
}

bool is_punctuation(char32_t c) {
  return (c >= 0x80 && c <= 0xBF && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 ||
         (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3020) ||
         (c >= 0xFF01 && c <= 0xFF0F);
}

bool is_ideograph(char32_t c) {
  return (c >= 0x3040 && c <= 0x309F) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

class Words {
 public:
  void add(std::string_view letter) { word_ += letter; }
  void end() {
    if (!word_.empty()) {
      words_.push_back(std::move(word_));
      word_.clear();
    }
  }
  std::vector<std::string> take() {
    end();
    return std::move(words_);
  }

 private:
  std::string word_;
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> words_of(std::string_view text, bool wildcards) {
  Words words;
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      const bool upper = c >= 'A' && c <= 'Z';
      const char letter = upper ? static_cast<char>(c + 0x20) : c;
      if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
          (wildcards && (c == '?' || c == '*'))) {
        words.add({&letter, 1});
      } else {
        // An escaped ?, * or backslash is punctuation, as it is in the text.
        text.remove_prefix(wildcards && c == '\\' && text.size() > 1 ? 1 : 0);
        words.end();
      }
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = record::utf8_length(text);
    const char32_t code = length == 0 ? 0xFFFD : decode(text, length);
    const char32_t small = lower(code);
    const std::string_view bytes = text.substr(0, length == 0 ? 1 : length);
    if (is_punctuation(code)) {
      words.end();
    } else if (is_ideograph(code)) {
      words.end();
      words.add(bytes);
      words.end();
    } else if (small != code) {
      const std::string folded{static_cast<char>(0xC0U | small >> 6U), static_cast<char>(0x80U | (small & 0x3FU))};
      words.add(folded);
    } else {
      words.add(bytes);
    }
    text.remove_prefix(bytes.size());
  }
  return words.take();
}

}  // namespace slicebus::store
