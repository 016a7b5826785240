#include <algorithm>
#include <cstring>

#include "common/operations/query/query.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::operations::query {
namespace {

using Kind = Node::Kind;

bool is_space(char byte) { return std::strchr(" \t\n\r\v\f", byte) != nullptr && byte != '\0'; }
bool is_field_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '.' || byte == '?' || byte == '*' || byte == '-' || static_cast<unsigned char>(byte) >= 0x80;
}
bool is_word_byte(char byte) {
  return static_cast<unsigned char>(byte) > 0x20 && byte != 0x7F &&
         std::strchr("{}()|/\\^~[]&!=<>\"'", byte) == nullptr;
}

class Parser {
 public:
  Parser(std::string_view text, Dialect dialect) : text_(text), lucene_(dialect == Dialect::lucene) {}

  Result<Node> parse() {
    if (text_.size() > query_bytes_max) {
      return fail(Errc::invalid, "query", "is longer than " + std::to_string(query_bytes_max) + " bytes", "shorten it");
    }
    skip_space();
    if (done()) {
      return refuse("the query is empty", "write a comparison such as delay:>60, or * for every record");
    }
    SB_TRY(node, list({}));
    if (!done()) {
      return refuse("expected AND, OR or the end, got " + here(), "put AND or OR between two comparisons");
    }
    return std::move(node);
  }

 private:
  /// What a part of a list without words between its parts is to the whole.
  enum class Sign : std::uint8_t { may, must, must_not };
  struct Clause {
    Node node;
    Sign sign = Sign::may;  ///< of a single term with a sign; its negation is in `node`
  };

  // list := any_of              (strict)
  //       | any_of any_of*      (lucene)
  // NOLINTNEXTLINE(misc-no-recursion): no deeper than depth_max
  Result<Node> list(const std::string& field) {
    SB_TRY(first, any_of(field));
    if (!lucene_) {
      return std::move(first.node);
    }
    Node required{.kind = Kind::all_of};
    Node optional{.kind = Kind::any_of};
    bool any_must = false;
    const auto add = [&](Clause clause) {
      any_must = any_must || clause.sign == Sign::must;
      (clause.sign == Sign::may ? optional : required).children.push_back(std::move(clause.node));
    };
    add(std::move(first));
    while (!done() && text_[at_] != ')') {
      SB_TRY(next, any_of(field));
      add(std::move(next));
    }
    if (!any_must && !optional.children.empty()) {
      required.children.push_back(single_or(std::move(optional)));
    }
    return single_or(std::move(required));
  }

  // any_of := all_of (OR all_of)*
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Clause> any_of(const std::string& field) {
    SB_TRY(first, all_of(field));
    Node node{.kind = Kind::any_of};
    node.children.push_back(std::move(first.node));
    while (take_word("OR") || take("||")) {
      SB_TRY(next, all_of(field));
      node.children.push_back(std::move(next.node));
    }
    return clause_of(std::move(node), first.sign);
  }

  // all_of := unary (AND unary | NOT unary)*     (lucene leaves a NOT without AND to the list)
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Clause> all_of(const std::string& field) {
    SB_TRY(first, unary(field));
    Node node{.kind = Kind::all_of};
    node.children.push_back(std::move(first.node));
    while (take_word("AND") || take("&&") || (!lucene_ && at_not())) {
      SB_TRY(next, unary(field));
      node.children.push_back(std::move(next.node));
    }
    return clause_of(std::move(node), first.sign);
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Clause> unary(const std::string& field) {
    bool negated = false;
    bool wanted = false;
    for (;;) {
      if (take_word("NOT") || take("!") || (lucene_ && take("-"))) {
        negated = !negated;
      } else if (lucene_ && take("+")) {
        wanted = true;
      } else {
        break;
      }
    }
    SB_TRY(node, primary(field));
    if (!negated) {
      return Clause{std::move(node), wanted ? Sign::must : Sign::may};
    }
    Node negation{.kind = Kind::none_of};
    negation.children.push_back(std::move(node));
    return Clause{std::move(negation), Sign::must_not};
  }

  // primary := '(' list ')' | [field ':'] value
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Node> primary(const std::string& field) {
    if (take("(")) {
      return group(field);
    }
    if (field.empty()) {
      if (take("*:*")) {  // Lucene's way to say it
        return Node{.kind = Kind::everything};
      }
      const std::size_t start = at_;
      SB_TRY(name, field_name());
      if (name && *name == "_exists_") {
        return exists();
      }
      if (name) {
        return take("(") ? group(*name) : value(*name);
      }
      at_ = start;
    }
    return value(field);
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Node> group(const std::string& field) {
    if (++depth_ > depth_max) {
      return refuse("parentheses are nested deeper than " + std::to_string(depth_max) + " levels",
                    "simplify the query");
    }
    SB_TRY(node, list(field));
    if (!take(")")) {
      return refuse("expected AND, OR or ')', got " + here(), {});
    }
    --depth_;
    return std::move(node);
  }

  /// Name and colon, or nothing when a value without a field stands here.
  Result<std::optional<std::string>> field_name() {
    const std::size_t start = at_;
    std::string name;
    if (at_quote()) {
      SB_TRY(quoted_name, quoted());
      name = std::move(quoted_name);
      if (!take(":")) {
        return std::nullopt;
      }
    } else {
      bool pattern = false;
      name = name_word(pattern);
      if (name.empty() || done() || text_[at_] != ':') {
        return std::nullopt;
      }
      ++at_;
      skip_space();
      if (pattern) {
        return refuse_at(start, "field patterns (\"" + name + "\") are not supported",
                         "name the fields one by one, with OR between them");
      }
      if (name.front() == '-' && !lucene_) {
        return refuse_at(start, "'-' before a field is not supported", "use NOT");
      }
    }
    if (name.empty()) {
      return refuse_at(start, "a field needs a name", {});
    }
    return name;
  }

  Result<Node> exists() {
    const std::size_t start = at_;
    if (at_quote()) {
      SB_TRY(name, quoted());
      return Node{.kind = Kind::exists, .field = std::move(name)};
    }
    bool pattern = false;
    std::string name = name_word(pattern);
    skip_space();
    if (name.empty() || pattern) {
      return refuse_at(start, "_exists_ needs the name of a field", "_exists_:delay");
    }
    return Node{.kind = Kind::exists, .field = std::move(name)};
  }

  Result<Node> value(const std::string& field) {
    if (done()) {
      return refuse("expected a value, got the end", {});
    }
    const std::size_t start = at_;
    if (at_quote()) {
      SB_TRY(text, quoted());
      return Node{.kind = Kind::equals, .field = field, .value = Literal::of_text(std::move(text))};
    }
    switch (text_[at_]) {
      case '[':
      case '{':
        return range(field);
      case '>':
      case '<':
        return half_range(field);
      case '=':
        return refuse("'=' is not an operator", "write field:value");
      case '/':
        return refuse("regular expressions are not supported", "use the wildcards ? and *");
      case '$':
      case '@':
        if (!lucene_) {
          return refuse("variables are not supported",
                        std::string("write the value, in quotes if it begins with ") + text_[at_]);
        }
        break;
      case ':':
        return refuse("expected the name of a field before ':'", "write field:value");
      case '+':
        return refuse("'+' before a value is not supported", "use AND, or quotes");
      default:
        break;
    }
    SB_TRY(word, value_word());
    if (is_keyword(text_.substr(start, at_ - start))) {
      return refuse_at(start, "expected a value, got the word " + word.text,
                       "put quotes around it if it is meant as a value");
    }
    if (!lucene_ && !done() && text_[at_] == '(') {
      return refuse_at(start, "functions (\"" + word.text + "\") are not supported", {});
    }
    SB_TRY_VOID(no_modifier());
    skip_space();
    if (word.pattern == "*") {
      return field.empty() ? Node{.kind = Kind::everything} : Node{.kind = Kind::exists, .field = field};
    }
    if (word.wild) {
      return Node{.kind = Kind::wildcard, .field = field, .value = Literal::of_text(std::move(word.pattern))};
    }
    return Node{.kind = Kind::equals, .field = field, .value = Literal::of_word(word.text)};
  }

  // range := ('['|'{') end TO end (']'|'}')
  Result<Node> range(const std::string& field) {
    const std::size_t start = at_;
    Node node{.kind = Kind::range, .field = field, .low_included = text_[at_] == '['};
    ++at_;
    skip_space();
    SB_TRY(low, range_end());
    if (!take_word("TO")) {
      return refuse("expected TO, got " + here(), "a range is written [6 TO 12] or {6 TO 12}");
    }
    SB_TRY(high, range_end());
    if (done() || (text_[at_] != ']' && text_[at_] != '}')) {
      return refuse("expected ']' or '}' at the end of the range, got " + here(), {});
    }
    node.high_included = text_[at_++] == ']';
    skip_space();
    node.low = std::move(low);
    node.high = std::move(high);
    if (!node.low && !node.high) {
      return Node{.kind = field.empty() ? Kind::everything : Kind::exists, .field = field};
    }
    if (!lucene_ && node.low && node.high &&
        (node.low->kind != node.high->kind || node.low->date_ms.has_value() != node.high->date_ms.has_value())) {
      return refuse_at(start, "the ends of the range are of different types",
                       "give two numbers, two dates or two texts");
    }
    return node;
  }

  Result<Node> half_range(const std::string& field) {
    const bool above = text_[at_++] == '>';
    const bool included = !done() && text_[at_] == '=';
    at_ += included ? 1 : 0;
    skip_space();
    const std::size_t start = at_;
    SB_TRY(end, range_end());
    if (!end) {
      return refuse_at(start, "expected a value, got \"*\"", "use _exists_:field");
    }
    Node node{.kind = Kind::range, .field = field};
    (above ? node.low_included : node.high_included) = included;
    (above ? node.low : node.high) = std::move(end);
    return node;
  }

  /// Nothing: `*`.
  Result<std::optional<Literal>> range_end() {
    const std::size_t start = at_;
    if (at_quote()) {
      SB_TRY(text, quoted());
      return Literal::of_text(std::move(text));
    }
    SB_TRY(word, value_word());
    if (is_keyword(text_.substr(start, at_ - start))) {
      return refuse_at(start, "expected a value, got " + here(), "put quotes around a value with special characters");
    }
    SB_TRY_VOID(no_modifier());
    skip_space();
    if (word.pattern == "*") {
      return std::nullopt;
    }
    if (word.wild) {
      return refuse_at(start, "wildcards have no order", "put quotes around the value");
    }
    Literal literal = Literal::of_word(word.text);
    if (literal.kind == Literal::Kind::boolean && !lucene_) {
      return refuse_at(start, word.text + " has no order", {});
    }
    return literal;
  }

  Result<std::string> quoted() {
    const std::size_t start = at_;
    const char quote = text_[at_++];
    std::string out;
    for (; !done() && text_[at_] != quote; ++at_) {
      if (text_[at_] != '\\') {
        out += text_[at_];
        continue;
      }
      ++at_;
      if (lucene_ && !done()) {
        out += text_[at_];
        continue;
      }
      static constexpr std::string_view from = "\"'\\bfnrtv";
      static constexpr std::string_view to = "\"'\\\b\f\n\r\t\v";
      const std::size_t escape = done() ? std::string_view::npos : from.find(text_[at_]);
      if (escape == std::string_view::npos) {
        return refuse("expected an escape (one of \" ' \\ b f n r t v) after the backslash, got " + here(),
                      "write \\\\ for a backslash");
      }
      out += to[escape];
    }
    if (done()) {
      return refuse_at(start, "the quote is never closed", {});
    }
    ++at_;
    SB_TRY_VOID(no_modifier());
    skip_space();
    return out;
  }

  Result<void> no_modifier() {
    if (!done() && (text_[at_] == '^' || text_[at_] == '~')) {
      return refuse(
          text_[at_] == '^' ? "boosts (^) are not supported" : "fuzziness and proximity (~) are not supported",
          "leave it out");
    }
    return {};
  }

  struct Word {
    std::string text;     ///< escapes undone
    std::string pattern;  ///< those of ?, * and the backslash kept, as matches_wildcard reads them
    bool wild = false;
  };
  /// One byte of a word, or an escaped one; false when none stands here.
  template <class Allowed>
  bool take_byte(Word& word, Allowed allowed) {
    const bool escaped = lucene_ && text_[at_] == '\\' && at_ + 1 < text_.size();
    if (!escaped && !allowed(text_[at_])) {
      return false;
    }
    at_ += escaped ? 1 : 0;
    const char byte = text_[at_++];
    const bool special = byte == '?' || byte == '*' || byte == '\\';
    word.wild = word.wild || (special && !escaped);
    word.pattern += special && escaped ? std::string{'\\', byte} : std::string(1, byte);
    word.text += byte;
    return true;
  }
  /// Errors: invalid (no value stands here).
  Result<Word> value_word() {
    Word word;
    while (!done() && !(lucene_ && (at("&&") || at("||"))) &&
           take_byte(word, [this](char b) { return word_byte(b); })) {
    }
    if (word.text.empty()) {
      return refuse("expected a value, got " + here(), "put quotes around a value with special characters");
    }
    return word;
  }
  std::string name_word(bool& pattern) {
    Word word;
    while (!done() && take_byte(word, is_field_byte)) {
    }
    pattern = word.wild;
    return std::move(word.text);
  }
  bool word_byte(char byte) const {
    return is_word_byte(byte) || (lucene_ && byte != '\0' && std::strchr("|&=<>'/", byte) != nullptr);
  }

  static bool is_keyword(std::string_view word) {
    return word == "AND" || word == "OR" || word == "NOT" || word == "TO";
  }

  static Clause clause_of(Node node, Sign sign) {
    const bool one = node.children.size() == 1;
    return {single_or(std::move(node)), one ? sign : Sign::may};
  }
  static Node single_or(Node node) {
    if (node.children.size() > 1) {
      return node;
    }
    Node only = std::move(node.children.front());
    return only;
  }

  bool done() const { return at_ >= text_.size(); }
  void skip_space() {
    while (!done() && is_space(text_[at_])) {
      ++at_;
    }
  }
  bool at(std::string_view sign) const { return text_.substr(at_).starts_with(sign); }
  bool at_quote() const { return at("\"") || (!lucene_ && at("'")); }
  bool take(std::string_view sign) {
    if (!at(sign)) {
      return false;
    }
    at_ += sign.size();
    skip_space();
    return true;
  }
  bool at_word(std::string_view word) const {
    return at(word) && (at_ + word.size() == text_.size() || !word_byte(text_[at_ + word.size()]));
  }
  bool take_word(std::string_view word) { return at_word(word) && take(word); }
  bool at_not() const { return at_word("NOT") || at("!"); }

  std::string here() const { return done() ? "the end" : "\"" + record::printable(text_.substr(at_), 16) + "\""; }
  tl::unexpected<Error> refuse(std::string what, std::string remedy) const {
    return refuse_at(at_, std::move(what), std::move(remedy));
  }
  tl::unexpected<Error> refuse_at(std::size_t at, std::string what, std::string remedy) const {
    const auto characters =
        std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at, text_.size())),
                      [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; });
    return fail(Errc::invalid, "query", "character " + std::to_string(characters + 1) + ": " + std::move(what),
                std::move(remedy));
  }

  std::string_view text_;
  bool lucene_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

Result<Node> parse(std::string_view text, Dialect dialect) { return Parser(text, dialect).parse(); }

}  // namespace slicebus::operations::query
