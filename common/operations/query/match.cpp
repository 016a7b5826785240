#include "common/operations/query/query.hpp"
#include "common/record/path.hpp"

namespace slicebus::operations::query {
namespace {

bool in_range(const Node& node, const record::Value& value) {
  if (node.low) {
    const auto order = compare(value, *node.low);
    if (!(order > 0 || (node.low_included && order == 0))) {
      return false;
    }
  }
  if (node.high) {
    const auto order = compare(value, *node.high);
    return order < 0 || (node.high_included && order == 0);
  }
  return true;
}

class Matcher {
 public:
  explicit Matcher(std::string_view object) : object_(object) {}

  // NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
  bool match(const Node& node) {
    switch (node.kind) {
      case Node::Kind::everything:
        return true;
      case Node::Kind::all_of:
        for (const Node& child : node.children) {
          if (!match(child)) {
            return false;
          }
        }
        return true;
      case Node::Kind::any_of:
        for (const Node& child : node.children) {
          if (match(child)) {
            return true;
          }
        }
        return false;
      case Node::Kind::none_of:
        return !match(node.children.front());
      default:
        return term(node);
    }
  }
  bool malformed() const { return malformed_; }

 private:
  bool term(const Node& node) {
    const auto see = [&](const record::Value& value) { return satisfies(node, value); };
    if (!node.field.empty()) {
      return record::any_value(object_, node.field, malformed_, see);
    }
    record::Walk walk(object_);
    while (walk.next()) {
      if (record::detail::any_element(walk.value(), 0, see)) {
        return true;
      }
    }
    malformed_ = malformed_ || walk.malformed() || !walk.is_object();
    return false;
  }

  std::string_view object_;
  bool malformed_ = false;
};

}  // namespace

bool satisfies(const Node& term, const record::Value& value) {
  switch (term.kind) {
    case Node::Kind::exists:
      return !value.is_null();
    case Node::Kind::equals:
      return equals(term.value, value);
    case Node::Kind::range:
      return in_range(term, value);
    case Node::Kind::wildcard: {
      const auto text = value.text();
      return text && matches_wildcard(term.value.text, *text);
    }
    case Node::Kind::everything:
    case Node::Kind::all_of:
    case Node::Kind::any_of:
    case Node::Kind::none_of:
      break;
  }
  return false;
}

Result<bool> matches(const Node& query, const record::Record& record) {
  Matcher matcher(record.bytes());
  const bool matched = matcher.match(query);
  if (matcher.malformed()) {
    SB_TRY_VOID(record.validate());
    return fail(Errc::invalid, "record", "is not a JSON object");
  }
  return matched;
}

}  // namespace slicebus::operations::query
