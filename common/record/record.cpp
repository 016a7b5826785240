#include "common/record/record.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "common/record/path.hpp"

namespace slicebus::record {
namespace {

/// Bytes kept free behind a changed record, so that the next change of it need not move it again.
constexpr std::size_t spare_bytes = 64;
/// Above this a record is taken over as it is instead of being copied into the arena.
constexpr std::size_t copy_bytes_max = 1U << 12U;

tl::unexpected<Error> not_an_object(std::string_view bytes) {
  auto checked = check_json_object(bytes);
  if (!checked) {
    return fail(std::move(checked).error());
  }
  return fail(Errc::invalid, "record", "not a JSON object");
}

/// `{"b":{"c":json}}` for rest "b.c": what has to stand where an object is missing. Without the outer braces.
void append_members(std::string& out, std::string_view rest, std::string_view json) {
  std::size_t open = 0;
  for (;;) {
    const std::size_t dot = open < path_dots_max ? rest.find('.') : std::string_view::npos;
    out += json_quote(rest.substr(0, dot));
    out += ':';
    if (dot == std::string_view::npos) {
      break;
    }
    out += '{';
    ++open;
    rest.remove_prefix(dot + 1);
  }
  out += json;
  out.append(open, '}');
}

std::size_t length(const char* from, const char* to) { return static_cast<std::size_t>(to - from); }

}  // namespace

void Record::append_line(std::string& out) const {
  const std::size_t from = out.size();
  out += view_;
  // A raw line break can only stand between tokens: inside a string it must be escaped.
  if (view_.find('\n') != std::string_view::npos || view_.find('\r') != std::string_view::npos) {
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
        [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
  }
}

Result<std::optional<Value>> Record::get(std::string_view path) const {
  const Place place = locate(view_, path);
  if (place.kind == Place::Kind::malformed) {
    return not_an_object(view_);
  }
  return place.kind == Place::Kind::found ? std::optional<Value>(Value{place.value}) : std::nullopt;
}

Result<void> Record::set(std::string_view path, std::string_view json) {
  SB_TRY_VOID(check_json(json));
  const Place place = locate(view_, path);
  switch (place.kind) {
    case Place::Kind::found:
      splice(place.value.data(), place.value.size(), json);
      return {};
    case Place::Kind::absent: {
      std::string text;
      if (place.any) {
        text += ',';
      }
      append_members(text, place.rest, json);
      splice(place.tail, 0, text);
      return {};
    }
    case Place::Kind::blocked: {
      if (!Value{place.value}.is_null()) {
        return fail(Errc::invalid, "record",
                    "cannot set \"" + std::string(path) + "\": " + printable(place.value, 40) +
                        " stands where an object would have to be");
      }
      std::string text = "{";
      append_members(text, place.rest, json);
      text += '}';
      splice(place.value.data(), place.value.size(), text);
      return {};
    }
    case Place::Kind::malformed:
      break;
  }
  return not_an_object(view_);
}

Result<bool> Record::remove(std::string_view path) {
  const Place place = locate(view_, path);
  if (place.kind == Place::Kind::malformed) {
    return not_an_object(view_);
  }
  if (place.kind != Place::Kind::found) {
    return false;
  }
  // Copies what stays, in one pass: doubled keys may be many. Between two members that stay, the text before the second
  // one is kept.
  std::string kept;
  bool any_seen = false;
  bool any_kept = false;
  const char* before = nullptr;  // end of the previous member
  Walk walk(place.object);
  while (walk.next()) {
    const char* begin = walk.key().data() - 1;
    if (!any_seen) {
      kept.append(place.object.data(), length(place.object.data(), begin));
    }
    any_seen = true;
    if (!key_is(walk.key(), walk.key_escaped(), place.rest)) {
      const char* from = any_kept ? before : begin;
      kept.append(from, length(from, walk.tail()));
      any_kept = true;
    }
    before = walk.tail();
  }
  if (walk.malformed() || before == nullptr) {
    return not_an_object(view_);
  }
  kept.append(before, length(before, place.object.data() + place.object.size()));
  splice(place.object.data(), place.object.size(), kept);
  return true;
}

Result<bool> Record::rename(std::string_view from, std::string_view to) {
  std::string_view last_from;
  std::size_t hits = 0;
  bool target_there = false;
  Walk walk(view_);
  while (walk.next()) {
    if (key_is(walk.key(), walk.key_escaped(), from)) {
      last_from = walk.key();
      ++hits;
    } else if (key_is(walk.key(), walk.key_escaped(), to)) {
      target_there = true;
    }
  }
  if (walk.malformed() || !walk.is_object()) {
    return not_an_object(view_);
  }
  if (hits == 0 || from == to) {
    return hits != 0;
  }
  if (hits == 1 && !target_there) {
    const std::string quoted = json_quote(to);
    splice(last_from.data() - 1, last_from.size() + 2, quoted);
    return true;
  }
  // Rare: doubles, or a target to replace. Written anew from its members.
  std::string text(view_.data(), length(view_.data(), skip_spaces(view_.data(), view_.data() + view_.size())));
  text += '{';
  bool any = false;
  Walk again(view_);
  while (again.next()) {
    const bool is_from = key_is(again.key(), again.key_escaped(), from);
    const bool stays = is_from ? again.key().data() == last_from.data() : !key_is(again.key(), again.key_escaped(), to);
    if (!stays) {
      continue;
    }
    text += any ? "," : "";
    any = true;
    if (is_from) {
      text += json_quote(to);
    } else {
      text += '"';
      text += again.key();
      text += '"';
    }
    text += ':';
    text += again.value();
  }
  text += '}';
  text.append(again.end(), length(again.end(), view_.data() + view_.size()));
  splice(view_.data(), view_.size(), text);
  return true;
}

char* Record::room(std::size_t size) {
  if (arena_ == nullptr && own_arena_ == nullptr) {
    own_arena_ = std::make_unique<Arena>();
  }
  capacity_ = size + spare_bytes;
  return (arena_ != nullptr ? arena_ : own_arena_.get())->allocate(capacity_);
}

void Record::splice(const char* at, std::size_t removed, std::string_view text) {
  const std::size_t head = length(view_.data(), at);
  const std::size_t tail = view_.size() - head - removed;
  const std::size_t size = head + text.size() + tail;
  const std::less<> before;
  const bool into_itself =
      !before(text.data(), view_.data()) && before(text.data(), view_.data() + std::max(view_.size(), capacity_));
  if (size <= capacity_ && !into_itself) {
    char* base = const_cast<char*>(view_.data());  // NOLINT: capacity_ says that these bytes are ours
    std::memmove(base + head + text.size(), at + removed, tail);
    std::memcpy(base + head, text.data(), text.size());
  } else {
    // The old bytes stay in the arena, so `text` may point into them.
    char* base = room(size);
    std::memcpy(base, view_.data(), head);
    std::memcpy(base + head, text.data(), text.size());
    std::memcpy(base + head + text.size(), at + removed, tail);
    view_ = {base, size};
    return;
  }
  view_ = {view_.data(), size};
}

std::string_view RecordBatch::adopt(std::string bytes) {
  adopted_.push_back(std::make_unique<std::string>(std::move(bytes)));
  return *adopted_.back();
}

Arena& RecordBatch::arena() {
  if (arenas_.empty()) {
    arenas_.push_back(std::make_unique<Arena>());
  }
  return *arenas_.front();
}

void RecordBatch::add(std::string json) {
  if (json.size() > copy_bytes_max) {
    add_view(adopt(std::move(json)));
    return;
  }
  char* copy = arena().allocate(json.size());
  json.copy(copy, json.size());
  add_view({copy, json.size()});
}

void RecordBatch::append(RecordBatch other) {
  const auto take = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  arena();  // ours stays the first one
  take(adopted_, other.adopted_);
  take(arenas_, other.arenas_);
  take(records_, other.records_);
}

}  // namespace slicebus::record
