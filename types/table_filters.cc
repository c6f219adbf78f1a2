#include "types/table_filters.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::types {
namespace {

// Kept in the order in which they were written: that of "attributes" is that of the columns.
using Json = nlohmann::ordered_json;

constexpr char kExpected[] = "an object like {\"flights\":{\"columns\":[\"id\",\"gate\"],\"where\":\"price > 100\"}}";

absl::Status Unfit(const Json& value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("invalid value ",
                                                 value.dump(-1, ' ', false, Json::error_handler_t::replace),
                                                 " for option \"filters\", expected ", expected));
}

absl::Status ReadName(const std::string& name, TableFilter* filter) {
  ASSIGN_OR_RETURN(const TableList list, TableList::Parse(name));
  const TableList::Entry& entry = list.entries().front();
  if (list.entries().size() != 1 || !entry.table.has_value()) {
    return Unfit(name, "the names of tables as keys: a filter is for one table");
  }
  filter->schema = *entry.schema;
  filter->table = *entry.table;
  return absl::OkStatus();
}

absl::Status ReadColumns(const Json& value, TableFilter* filter) {
  constexpr char kNames[] = "a list of names for \"columns\"";
  if (!value.is_array() || value.empty()) return Unfit(value, kNames);
  filter->columns.emplace();
  for (const Json& name : value) {
    if (!name.is_string()) return Unfit(value, kNames);
    filter->columns->push_back(name.get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status ReadAttributes(const Json& value, TableFilter* filter) {
  constexpr char kNumbers[] = "an object of numbers for \"attributes\"";
  if (!value.is_object()) return Unfit(value, kNumbers);
  for (const auto& [name, number] : value.items()) {
    if (!number.is_number_integer()) return Unfit(value, kNumbers);
    filter->attributes.emplace_back(name, number.get<int>());
  }
  return absl::OkStatus();
}

absl::Status ReadMember(const std::string& key, const Json& value, TableFilter* filter) {
  if (key == "columns") return ReadColumns(value, filter);
  if (key == "attributes") return ReadAttributes(value, filter);
  if (key == "where") {
    if (!value.is_string() || value.get<std::string>().empty()) return Unfit(value, "an SQL expression for \"where\"");
    filter->where = value.get<std::string>();
    return absl::OkStatus();
  }
  if (key == "relid") {
    if (!value.is_number_unsigned()) return Unfit(value, "an OID for \"relid\"");
    filter->relid = value.get<uint32_t>();
    return absl::OkStatus();
  }
  return Unfit(key, "the keys \"columns\" and \"where\"");
}

bool Before(const TableFilter& a, const TableFilter& b) {
  return std::tie(a.schema, a.table) < std::tie(b.schema, b.table);
}

Json ToObject(const TableFilter& filter) {
  Json json = Json::object();
  if (filter.columns.has_value()) json["columns"] = *filter.columns;
  if (!filter.where.empty()) json["where"] = filter.where;
  if (filter.relid == 0) return json;
  json["relid"] = filter.relid;
  json["attributes"] = Json::object();
  for (const auto& [name, number] : filter.attributes) json["attributes"][name] = number;
  return json;
}

}  // namespace

absl::StatusOr<TableFilters> TableFilters::Parse(absl::string_view json) {
  TableFilters filters;
  if (json.empty()) return filters;
  const Json object = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return Unfit(object.is_discarded() ? Json(std::string(json)) : object, kExpected);
  for (const auto& [name, members] : object.items()) {
    TableFilter filter;
    RETURN_IF_ERROR(ReadName(name, &filter));
    if (!members.is_object() || members.empty()) return Unfit(members, kExpected);
    for (const auto& [key, value] : members.items()) RETURN_IF_ERROR(ReadMember(key, value, &filter));
    filters.filters_.push_back(std::move(filter));
  }
  std::sort(filters.filters_.begin(), filters.filters_.end(), Before);
  const auto twice = std::adjacent_find(filters.filters_.begin(), filters.filters_.end(),
                                        [](const TableFilter& a, const TableFilter& b) { return !Before(a, b); });
  if (twice != filters.filters_.end()) {
    return Unfit(object, absl::StrCat("one filter for table \"", TargetName(twice->schema, twice->table), "\""));
  }
  return filters;
}

const TableFilter* TableFilters::Find(uint32_t relid, absl::string_view schema, absl::string_view table) const {
  for (const TableFilter& filter : filters_) {
    if (relid != 0 && filter.relid == relid) return &filter;
  }
  for (const TableFilter& filter : filters_) {
    if (filter.schema == schema && filter.table == table) return &filter;
  }
  return nullptr;
}

std::string TableFilters::ToJson() const {
  if (filters_.empty()) return "";
  Json json = Json::object();
  for (const TableFilter& filter : filters_) json[QuoteQualified(filter.schema, filter.table)] = ToObject(filter);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool TableFilters::AsksForTheSame(const TableFilters& other) const {
  return std::equal(filters_.begin(), filters_.end(), other.filters_.begin(), other.filters_.end(),
                    [](const TableFilter& a, const TableFilter& b) {
                      return !Before(a, b) && !Before(b, a) && a.columns == b.columns && a.where == b.where;
                    });
}

}  // namespace deltamirror::types
