#include "master/api/parameters.hpp"

#include "common/operations/query/query.hpp"

namespace slicebus::api {

using service::Answer;
using service::RefusalKind;
using service::refuse;

namespace {

constexpr std::int64_t page_end_max = 10'000;

}  // namespace

Answer<store::ListQuery> page_query(const Query& query) {
  const auto from = query.integer("from", 0);
  const auto size = query.integer("size", 100);
  if (!from || !size) {
    return tl::make_unexpected(!from ? from.error() : size.error());
  }
  if (*from < 0 || *size < 0 || *from > page_end_max || *size > page_end_max || *from + *size > page_end_max) {
    return refuse(RefusalKind::invalid, "from and size must not be negative and from + size at most " +
                                            std::to_string(page_end_max) + ", got from " + std::to_string(*from) +
                                            " and size " + std::to_string(*size));
  }
  store::ListQuery page;
  page.from = *from;
  page.size = *size;
  return page;
}

Answer<store::ListQuery> list_query(const Query& query) {
  const auto page = page_query(query);
  const auto sort = query.text("sort");
  const auto deleted = query.text("deleted");
  const auto filter = query.text("filter");
  for (const service::Refusal* refusal : {page ? nullptr : &page.error(), sort ? nullptr : &sort.error(),
                                          deleted ? nullptr : &deleted.error(), filter ? nullptr : &filter.error()}) {
    if (refusal != nullptr) {
      return tl::make_unexpected(*refusal);
    }
  }
  store::ListQuery list = *page;
  if (*sort && !(*sort)->empty()) {
    list.sort = **sort;
  }
  if (*filter && (*filter)->find_first_not_of(" \t\r\n") != std::string::npos) {
    auto parsed = operations::query::parse(**filter, operations::query::Dialect::lucene);
    if (!parsed) {
      parsed.error().where = "filter";
      return refuse(RefusalKind::invalid, parsed.error().text());
    }
    list.filter = std::move(*parsed);
  }
  const std::string said = deleted->value_or("");
  if (!said.empty() && said != "true" && said != "false") {
    return refuse(RefusalKind::invalid, "deleted query option must true or false");
  }
  list.deleted = said == "true";
  return list;
}

Answer<store::ListQuery> job_list_query(const Query& query) {
  auto list = list_query(query);
  const auto active = query.text("active");
  if (!list || !active) {
    return tl::make_unexpected(!list ? list.error() : active.error());
  }
  if (*active == "true" || *active == "false") {
    list->active = *active == "true";
  }
  return list;
}

Answer<store::ListQuery> execution_list_query(const Query& query) {
  auto list = list_query(query);
  const auto status = query.text("status");
  if (!list || !status) {
    return tl::make_unexpected(!list ? list.error() : status.error());
  }
  list->status = comma_list(status->value_or(""));
  std::erase(list->status, "*");  // what teraslice-client-js sends when it means all of them
  return list;
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    const std::size_t first = name.find_first_not_of(" \t");
    if (first != std::string_view::npos) {
      names.emplace_back(name.substr(first, name.find_last_not_of(" \t") + 1 - first));
    }
  }
  return names;
}

}  // namespace slicebus::api
