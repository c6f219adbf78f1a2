#include "deltastream/storage_file.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"
#include "nlohmann/json.hpp"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kName[] = "storage.json";
constexpr int kFormat = 1;
constexpr uint64_t kMostColumns = 1600;  // of a table of PostgreSQL

// The numbers of an array or object, which must be there.
template <typename Key>
bool TakeNumbers(const Json& from, std::initializer_list<std::pair<Key, uint32_t*>> numbers) {
  for (const auto& [key, out] : numbers) {
    const Json& value = from.at(key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > UINT32_MAX) return false;
    *out = value.get<uint32_t>();
  }
  return true;
}

bool HasAll(const Json& object, std::initializer_list<const char*> keys) {
  if (!object.is_object()) return false;
  for (const char* const key : keys) {
    if (!object.contains(key)) return false;
  }
  return true;
}

// Left out if there are none; files of earlier versions have none.
bool TakeHidden(const Json& table, std::set<int>* out) {
  const auto found = table.find("hidden");
  if (found == table.end()) return true;
  if (!found->is_array()) return false;
  for (const Json& number : *found) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > kMostColumns) return false;
    out->insert(number.get<int>());
  }
  return true;
}

bool TakeTable(const Json& json, StorageMap* out) {
  Storage one;
  if (!HasAll(json, {"relid", "schema", "table", "root", "file", "toast", "tablespace"}) ||
      !json["schema"].is_string() || !json["table"].is_string() ||
      !TakeNumbers<const char*>(json, {{"relid", &one.relid},
                                       {"root", &one.root},
                                       {"file", &one.file},
                                       {"toast", &one.toast},
                                       {"tablespace", &one.tablespace}}) ||
      !TakeHidden(json, &one.hidden)) {
    return false;
  }
  one.schema = json["schema"].get<std::string>();
  one.table = json["table"].get<std::string>();
  const uint32_t relid = one.relid;
  return out->emplace(relid, std::move(one)).second;
}

bool TakeRecord(const Json& json, StorageRecord* out) {
  if (!HasAll(json, {"format", "xid", "truncated", "tables"}) || json["format"] != kFormat ||
      !json["truncated"].is_array() || !json["tables"].is_array() ||
      !TakeNumbers<const char*>(json, {{"xid", &out->xid}})) {
    return false;
  }
  for (const Json& one : json["truncated"]) {
    std::pair<uint32_t, uint32_t> pair;
    if (!one.is_array() || one.size() != 2 || !TakeNumbers<size_t>(one, {{0, &pair.first}, {1, &pair.second}})) {
      return false;
    }
    out->truncated.push_back(pair);
  }
  for (const Json& one : json["tables"]) {
    if (!TakeTable(one, &out->tables)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<StorageRecord> LoadStorage(const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", kName);
  ASSIGN_OR_RETURN(const std::string content, daystream::ReadSmallFile(path));
  const Json json = Json::parse(content, /*cb=*/nullptr, /*allow_exceptions=*/false);
  StorageRecord record;
  if (TakeRecord(json, &record)) return record;
  return absl::DataLossError(absl::StrCat(
      "cannot read file \"", path, "\": expected what deltastream writes there, in format ", kFormat,
      ". Without the file deltastream goes on, but does not notice what was done to tables since it last ran"));
}

absl::Status SaveStorage(const std::string& directory, const StorageRecord& record) {
  Json tables = Json::array();
  for (const auto& [relid, one] : record.tables) {
    tables.push_back({{"relid", relid},
                      {"schema", one.schema},
                      {"table", one.table},
                      {"root", one.root},
                      {"file", one.file},
                      {"toast", one.toast},
                      {"tablespace", one.tablespace}});
    if (!one.hidden.empty()) tables.back()["hidden"] = one.hidden;
  }
  Json truncated = Json::array();
  for (const auto& [relid, xid] : record.truncated) truncated.push_back(Json::array({relid, xid}));
  const Json json = {{"format", kFormat}, {"xid", record.xid}, {"truncated", truncated}, {"tables", tables}};
  return daystream::ReplaceFile(directory, kName, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace deltamirror::deltastream
