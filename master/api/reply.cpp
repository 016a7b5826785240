#include "master/api/reply.hpp"

#include <nlohmann/json.hpp>

#include "master/api/parameters.hpp"
#include "master/api/text_table.hpp"

namespace slicebus::api {

using service::Answer;
using service::Document;

Reply Reply::of_type(std::string content_type, std::string text) {
  Reply reply{Document()};
  reply.content_type = std::move(content_type);
  reply.text = std::move(text);
  return reply;
}

Handled handled(Answer<Document> answer) {
  if (!answer) {
    return tl::make_unexpected(std::move(answer).error());
  }
  return Reply(std::move(*answer));
}

Handled handled(Answer<std::optional<Document>> answer) {
  if (!answer) {
    return tl::make_unexpected(std::move(answer).error());
  }
  if (!*answer) {
    return std::nullopt;
  }
  return Reply(std::move(**answer));
}

Handled handled(Answer<std::vector<Document>> answer) {
  if (!answer) {
    return tl::make_unexpected(std::move(answer).error());
  }
  std::string list = "[";
  for (const Document& document : *answer) {
    list += list.size() == 1 ? "\n    " : ",\n    ";
    document.show(list, 1);
  }
  list += list.size() == 1 ? "]" : "\n]";
  return Reply::of_type(http::HttpResponse{}.content_type, std::move(list));
}

Handled table_reply(const Call& call, const std::vector<std::string>& columns, const std::vector<Document>& rows) {
  const auto fields = call.query.text("fields");
  const auto headers = call.query.boolean("headers", true);
  if (!fields || !headers) {
    return tl::make_unexpected(!fields ? fields.error() : headers.error());
  }
  const std::vector<std::string> chosen = comma_list(fields->value_or(""));
  return Reply::of_type("text/plain; charset=utf-8", text_table(chosen.empty() ? columns : chosen, rows, *headers));
}

}  // namespace slicebus::api
