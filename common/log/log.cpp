#include "common/log/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdio>
#include <memory>

#include "common/log/line.hpp"

namespace slicebus::log {
namespace {

constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warn", "error"};

spdlog::level::level_enum level_of(Level level) {
  static constexpr std::array levels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                     spdlog::level::warn, spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

struct Output {
  std::string program;
  spdlog::logger logger{"slicebus", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

  Output() {
    logger.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("ts=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    logger.set_error_handler([](const std::string&) {});  // a full disk under the log is no reason to fill another
    logger.flush_on(spdlog::level::trace);
  }
};

/// The process's one log; before start() it writes too, without a program's name.
Output& output() {
  static Output the_log;
  return the_log;
}

bool plain(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f') {
      return false;
    }
  }
  return !text.empty();
}

void append_value(std::string& out, std::string_view text) {
  if (plain(text)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < ' ' || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

Level level_named(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) {
      return static_cast<Level>(i);
    }
  }
  return Level::info;
}

std::string line(Level level, std::string_view program, std::string_view event, std::span<const Fact> facts) {
  std::string out = "level=";
  out += names[static_cast<std::size_t>(level)];
  if (!program.empty()) {
    out += " program=";
    append_value(out, program);
  }
  out += " event=";
  append_value(out, event);
  for (const Fact& fact : facts) {
    out += ' ';
    out += fact.key;
    out += '=';
    append_value(out, fact.value);
  }
  return out;
}

void start(std::string_view program, std::string_view level) {
  output().program = program;
  set_level(level);
}

void set_level(std::string_view level) {
  output().logger.set_level(level == "fatal" ? spdlog::level::critical : level_of(level_named(level)));
}

void event(Level level, std::string_view past_tense_name, std::initializer_list<Fact> facts) {
  event_with(level, past_tense_name, {facts.begin(), facts.size()});
}

void event_with(Level level, std::string_view past_tense_name, std::span<const Fact> facts) {
  if (enabled(level)) {
    output().logger.log(level_of(level), spdlog::string_view_t(line(level, output().program, past_tense_name, facts)));
  }
}

bool enabled(Level level) { return output().logger.should_log(level_of(level)); }

}  // namespace slicebus::log
