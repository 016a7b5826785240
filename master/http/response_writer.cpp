#include "master/http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace slicebus::http {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 28> reasons{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Payload Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

std::string_view reason(int status) {
  const auto* const row =
      std::find_if(reasons.begin(), reasons.end(), [&](const auto& r) { return r.first == status; });
  return row == reasons.end() ? std::string_view("Status") : row->second;
}

/// @param number  0..99
std::string two_digits(auto number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"; not by strftime, whose names follow the locale.
std::string http_date(WallTime at) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  std::string text = days[std::chrono::weekday(day).c_encoding()];
  text.append(", ").append(two_digits(unsigned{date.day()}));
  text.append(1, ' ').append(months[unsigned{date.month()} - 1]).append(1, ' ');
  text.append(std::to_string(int{date.year()}));
  text.append(1, ' ').append(two_digits(time.hours().count()));
  text.append(1, ':').append(two_digits(time.minutes().count()));
  text.append(1, ':').append(two_digits(time.seconds().count()));
  return text.append(" GMT");
}

}  // namespace

HttpResponse standard_error(int status, std::string_view message) {
  constexpr std::size_t message_bytes_max = 3'000;
  std::size_t end = std::min(message.size(), message_bytes_max);
  while (end < message.size() && end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) {
    --end;  // not within a character
  }
  nlohmann::ordered_json body;
  body["error"] = status;
  body["message"] = std::string(message.substr(0, end));
  return {.status = status, .body = body.dump(4, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

bool has_body(int status, ResponseForm form) { return !form.head_only && status != 204 && status != 304; }

std::string response_head(const HttpResponse& response, ResponseForm form, WallTime now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head.append(reason(response.status)).append("\r\nDate: ").append(http_date(now));
  if (!response.content_type.empty() && response.status != 204) {
    // A line break in a header's value would let its author write the rest of the answer.
    std::string type = response.content_type;
    std::replace_if(
        type.begin(), type.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    head.append("\r\nContent-Type: ").append(type);
  }
  if (response.status != 204) {
    head.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  }
  if (response.allow) {
    head.append("\r\nAllow: ").append(*response.allow);
  }
  return head.append("\r\nConnection: ").append(form.persistent ? "keep-alive" : "close").append("\r\n\r\n");
}

std::string_view continue_response() { return "HTTP/1.1 100 Continue\r\n\r\n"; }

}  // namespace slicebus::http
