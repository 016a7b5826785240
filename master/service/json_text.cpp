#include "master/service/json_text.hpp"

#include <algorithm>

namespace slicebus::service {
namespace {

constexpr std::size_t indent = 4;

/// Where the text literal ends that begins at `begin`: behind its closing quote. npos: nowhere.
std::size_t end_of_literal(std::string_view text, std::size_t begin) {
  for (std::size_t at = begin + 1; (at = text.find('"', at)) != std::string_view::npos; ++at) {
    const std::size_t before = text.find_last_not_of('\\', at - 1);
    if ((at - before) % 2 == 1) {  // an even number of backslashes
      return at + 1;
    }
  }
  return std::string_view::npos;
}

/// Walks over `text` token by token. Paper takes them: literal(), open(), close(), comma(), colon().
template <class Paper>
bool walk(std::string_view text, Paper&& paper) {
  std::string open;  // the brackets that are to be closed
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at++;
    switch (text[begin]) {
      case '"': {
        at = end_of_literal(text, begin);
        if (at == std::string_view::npos) {
          return false;
        }
        paper.literal(text.substr(begin, at - begin));
        break;
      }
      case '{':
      case '[': {
        const char closing = text[begin] == '{' ? '}' : ']';
        if (at < text.size() && text[at] == closing) {
          paper.literal(text.substr(begin, 2));
          ++at;
        } else {
          open += closing;
          paper.open(text[begin]);
        }
        break;
      }
      case '}':
      case ']':
        if (open.empty() || open.back() != text[begin]) {
          return false;
        }
        open.pop_back();
        paper.close(text[begin]);
        break;
      case ',':
        paper.comma();
        break;
      case ':':
        paper.colon();
        break;
      default:
        at = std::min(text.find_first_of(",:]}[{\"", at), text.size());
        paper.literal(text.substr(begin, at - begin));
    }
    if (open.empty()) {
      return at == text.size();
    }
  }
  return false;
}

struct Indented {
  std::string& out;
  std::size_t depth;

  void literal(std::string_view text) { out += text; }
  void open(char bracket) {
    out += bracket;
    ++depth;
    line();
  }
  void close(char bracket) {
    --depth;
    line();
    out += bracket;
  }
  void comma() {
    out += ',';
    line();
  }
  void colon() { out += ": "; }
  void line() { out.append(1, '\n').append(depth * indent, ' '); }
};

struct Unwritten {
  void literal(std::string_view /*text*/) {}
  void open(char /*bracket*/) {}
  void close(char /*bracket*/) {}
  void comma() {}
  void colon() {}
};

}  // namespace

bool append_indented(std::string& out, std::string_view compact, std::size_t depth) {
  return walk(compact, Indented{out, depth});
}

bool is_whole_object(std::string_view compact) { return compact.starts_with('{') && walk(compact, Unwritten{}); }

}  // namespace slicebus::service
