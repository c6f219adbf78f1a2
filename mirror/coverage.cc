#include "mirror/coverage.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::ordered_json;

absl::Status CannotRead(absl::string_view text) {
  return absl::DataLossError(
      absl::StrCat("cannot read \"", text, "\", expected an array of objects with \"tables\" and \"handover\""));
}

}  // namespace

absl::Status Coverage::Add(absl::string_view tables, const Handover& handover) {
  ASSIGN_OR_RETURN(types::TableList list, types::TableList::Parse(tables));
  copies_.push_back({std::string(tables), std::move(list), handover, HandoverFilter(handover)});
  return absl::OkStatus();
}

bool Coverage::Has(absl::string_view schema, absl::string_view table, const deltaflood::Record& record) const {
  return std::any_of(copies_.begin(), copies_.end(), [&](const Copy& copy) {
    if (record.has_lsn && copy.filter.EndsAt(record.lsn)) return false;
    return record.has_xid && copy.filter.SnapshotSaw(record.xid) && copy.list.Matches(schema, table);
  });
}

void Coverage::EndTransaction(uint64_t commit_lsn) {
  copies_.erase(std::remove_if(copies_.begin(), copies_.end(),
                               [commit_lsn](const Copy& copy) { return copy.filter.EndsAt(commit_lsn); }),
                copies_.end());
}

std::string Coverage::ToJson() const {
  if (copies_.empty()) return "";
  Json json = Json::array();
  for (const Copy& copy : copies_) {
    json.push_back({{"tables", copy.tables}, {"handover", Json::parse(copy.handover.ToJson())}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Coverage> Coverage::FromJson(absl::string_view text) {
  Coverage coverage;
  if (text.empty()) return coverage;
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return CannotRead(text);
  for (const Json& copy : json) {
    if (!copy.is_object() || !copy.contains("tables") || !copy["tables"].is_string() || !copy.contains("handover"))
      return CannotRead(text);
    ASSIGN_OR_RETURN(const Handover handover, Handover::FromJson(copy["handover"].dump()));
    RETURN_IF_ERROR(coverage.Add(copy["tables"].get<std::string>(), handover));
  }
  return coverage;
}

}  // namespace deltamirror::mirror
