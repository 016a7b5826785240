#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// One event, one line: ts=… level=info event=slice_requeued ex=… cause="lease ended after 5 s". Shells log, cores stay
/// silent.
namespace slicebus::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error };

/// A fact of an event. Text with spaces or quotes is quoted.
struct Fact {
  std::string_view key;
  std::string value;
  Fact(std::string_view k, std::string_view v) : key(k), value(v) {}
  Fact(std::string_view k, const std::string& v) : key(k), value(v) {}  // NOLINT(modernize-pass-by-value): views, too
  Fact(std::string_view k, const char* v) : key(k), value(v) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Fact(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

/// Once, first thing in main. Lines go to stderr. `program` becomes the key `program` of each line.
/// @param level "trace", "debug", "info", "warn" or "error"; anything else means info
void start(std::string_view program, std::string_view level);
/// From now on, for every thread. @param level  as start(), and "fatal": nothing is written, for nothing here is fatal
void set_level(std::string_view level);

void event(Level level, std::string_view past_tense_name, std::initializer_list<Fact> facts);
/// For facts that were gathered elsewhere: by a core, which is silent itself.
void event_with(Level level, std::string_view past_tense_name, std::span<const Fact> facts);
inline void debug(std::string_view name, std::initializer_list<Fact> facts) { event(Level::debug, name, facts); }
inline void info(std::string_view name, std::initializer_list<Fact> facts) { event(Level::info, name, facts); }
inline void warn(std::string_view name, std::initializer_list<Fact> facts) { event(Level::warn, name, facts); }
inline void error(std::string_view name, std::initializer_list<Fact> facts) { event(Level::error, name, facts); }
bool enabled(Level level);

}  // namespace slicebus::log
