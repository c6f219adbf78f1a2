#include "mirror/shape_json.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "types/utf8.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kIdentities[] = {"default", "index", "full", "nothing"};

Json ColumnToJson(const types::Column& column) {
  Json json = {{"name", column.name}, {"attnum", column.attnum}, {"type", column.type}, {"oid", column.oid}};
  if (column.elem != 0) json["elem"] = column.elem;
  if (column.pk != 0) json["pk"] = column.pk;
  if (column.key != 0) json["key"] = column.key;
  if (column.not_null) json["not_null"] = true;
  if (!column.generated.empty()) json["generated"] = column.generated;
  // JSON has no place for the bytes of an SQL_ASCII database.
  if (column.missing && types::IsUtf8(*column.missing)) {
    json["missing"] = *column.missing;
  } else if (column.missing) {
    json["missing_hex"] = absl::BytesToHexString(*column.missing);
  }
  return json;
}

// Takes `key` if it is there; false if it is of another type.
template <typename T>
bool Read(const Json& json, const char* key, T* value) {
  const auto found = json.find(key);
  if (found == json.end()) return true;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) return false;
  } else {
    if (!found->is_number_integer()) return false;
  }
  *value = found->template get<T>();
  return true;
}

bool ColumnFromJson(const Json& json, types::Column* column) {
  if (!json.is_object()) return false;
  if (json.contains("missing") && !Read(json, "missing", &column->missing.emplace())) return false;
  if (std::string hex; json.contains("missing_hex")) {
    if (!Read(json, "missing_hex", &hex)) return false;
    column->missing = absl::HexStringToBytes(hex);
  }
  return Read(json, "name", &column->name) && Read(json, "attnum", &column->attnum) &&
         Read(json, "type", &column->type) && Read(json, "oid", &column->oid) && Read(json, "elem", &column->elem) &&
         Read(json, "pk", &column->pk) && Read(json, "key", &column->key) &&
         Read(json, "not_null", &column->not_null) && Read(json, "generated", &column->generated);
}

absl::Status Damaged(absl::string_view what, absl::string_view json) {
  return absl::DataLossError(absl::StrCat("cannot read the shape of a table: ", what, " in \"", json, "\""));
}

}  // namespace

std::string RelationToJson(const types::Relation& relation) {
  if (relation.relid == 0 && relation.columns.empty()) return "";
  Json json = {{"relid", relation.relid}, {"identity", kIdentities[static_cast<int>(relation.identity)]}};
  json["columns"] = Json::array();
  for (const types::Column& column : relation.columns) json["columns"].push_back(ColumnToJson(column));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<types::Relation> RelationFromJson(absl::string_view text) {
  types::Relation relation;
  if (text.empty()) return relation;
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("columns") || !json["columns"].is_array()) {
    return Damaged("expected an object with an array \"columns\"", text);
  }
  if (!Read(json, "relid", &relation.relid)) return Damaged("expected a number for \"relid\"", text);
  std::string identity = "default";
  if (!Read(json, "identity", &identity)) return Damaged("expected a text for \"identity\"", text);
  for (size_t i = 0; i < std::size(kIdentities); ++i) {
    if (identity == kIdentities[i]) relation.identity = static_cast<types::Identity>(i);
  }
  for (const Json& item : json["columns"]) {
    if (!ColumnFromJson(item, &relation.columns.emplace_back())) {
      return Damaged(absl::StrCat("column ", relation.columns.size(), " has a value of a wrong type"), text);
    }
  }
  return relation;
}

}  // namespace deltamirror::mirror
