#include "deltaflood/relation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "deltaflood/excerpt.h"
#include "deltaflood/json.h"
#include "nlohmann/json.hpp"
#include "status/status_macros.h"
#include "types/utf8.h"

namespace deltamirror::deltaflood {
namespace {

using Json = nlohmann::json;

// Reads the members of one column's JSON object, and remembers the first one
// that does not fit.
class Members {
 public:
  Members(const Json& object, absl::string_view column) : object_(object), column_(column) {}

  template <typename Number>
  void Take(const char* key, bool required, Number* out) {
    const Json* const value = Find(key, required);
    if (value == nullptr) return;
    const bool fits = value->is_number_unsigned()
                          ? std::in_range<Number>(value->get<uint64_t>())
                          : value->is_number_integer() && std::in_range<Number>(value->get<int64_t>());
    if (!fits) return Refuse(key, "an integer that fits", *value);
    *out = value->get<Number>();
  }

  void Take(const char* key, bool required, bool* out) {
    const Json* const value = Find(key, required);
    if (value == nullptr) return;
    if (!value->is_boolean()) return Refuse(key, "true or false", *value);
    *out = value->get<bool>();
  }

  void Take(const char* key, bool required, std::string* out) {
    const Json* const value = Find(key, required);
    if (value == nullptr) return;
    if (!value->is_string()) return Refuse(key, "a string", *value);
    *out = value->get<std::string>();
  }

  void Take(const char* key, bool required, std::optional<std::string>* out) {
    const Json* const value = Find(key, required);
    if (value == nullptr || value->is_null()) return;
    Take(key, required, &out->emplace());
  }

  void TakeGenerated(std::string* out) {
    Take("generated", false, out);
    if (out->empty() || *out == "stored" || *out == "virtual") return;
    Refuse("generated", "\"stored\" or \"virtual\"", *out);
  }

  const absl::Status& status() const { return status_; }

 private:
  const Json* Find(const char* key, bool required) {
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    if (required && status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("expected a key \"", key, "\" in the description of column ", Excerpt(column_), ", got none"));
    }
    return nullptr;
  }

  void Refuse(const char* key, absl::string_view expected, const Json& got) {
    if (!status_.ok()) return;
    // A string of the line may be cut in the middle of a character.
    const std::string text = got.dump(-1, ' ', false, Json::error_handler_t::replace);
    status_ = absl::InvalidArgumentError(absl::StrCat("expected ", expected, " for key \"", key,
                                                      "\" in the description of column ", Excerpt(column_), ", got ",
                                                      Excerpt(text)));
  }

  const Json& object_;
  const absl::string_view column_;
  absl::Status status_;
};

// A value of other bytes than UTF-8 has no place in JSON.
absl::Status TakeHex(std::optional<std::string> hex, absl::string_view column, std::optional<std::string>* out) {
  if (!hex.has_value()) return absl::OkStatus();
  const bool digits = std::all_of(hex->begin(), hex->end(), [](char c) { return absl::ascii_isxdigit(c); });
  if (!digits || hex->size() % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an even number of hexadecimal digits for key \"missing_hex\" in the description of "
                     "column ",
                     Excerpt(column), ", got ", Excerpt(*hex)));
  }
  *out = absl::HexStringToBytes(*hex);
  return absl::OkStatus();
}

absl::Status CheckName(absl::string_view what, absl::string_view name) {
  if (types::IsUtf8(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the name of ", what, " ", Excerpt(name), " is not UTF-8. Rename it in PostgreSQL"));
}

absl::StatusOr<types::Column> ParseColumn(const Column& column) {
  RETURN_IF_ERROR(CheckName("column", column.name));
  const Json object = Json::parse(column.value.begin(), column.value.end(),
                                  /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("expected a JSON object as the description of column ",
                                                   Excerpt(column.name), ", got ",
                                                   column.is_null ? "NULL" : Excerpt(column.value)));
  }
  types::Column result;
  result.name = std::string(column.name);
  Members members(object, column.name);
  members.Take("attnum", true, &result.attnum);
  members.Take("type", true, &result.type);
  members.Take("oid", true, &result.oid);
  members.Take("elem", false, &result.elem);
  members.Take("pk", false, &result.pk);
  members.Take("key", false, &result.key);
  members.Take("not_null", false, &result.not_null);
  members.TakeGenerated(&result.generated);
  members.Take("missing", false, &result.missing);
  std::optional<std::string> hex;
  members.Take("missing_hex", false, &hex);
  RETURN_IF_ERROR(members.status());
  RETURN_IF_ERROR(TakeHex(std::move(hex), column.name, &result.missing));
  return result;
}

absl::StatusOr<types::Identity> ParseIdentity(absl::string_view text) {
  if (text == "default") return types::Identity::kDefault;
  if (text == "index") return types::Identity::kIndex;
  if (text == "full") return types::Identity::kFull;
  if (text == "nothing") return types::Identity::kNothing;
  return absl::InvalidArgumentError(
      absl::StrCat("expected default, index, full or nothing for \"_identity\", got ", Excerpt(text)));
}

}  // namespace

absl::StatusOr<types::Relation> ParseRelation(const Record& record) {
  if (record.action != Action::kRelation) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected \"_action\" \"relation\", got \"", ActionName(record.action), "\""));
  }
  if (!record.has_relid) {
    return absl::InvalidArgumentError("expected \"_relid\" before \"_action\" \"relation\", got none");
  }
  RETURN_IF_ERROR(CheckName("table", record.table));
  RETURN_IF_ERROR(CheckName("schema", record.schema));
  types::Relation relation;
  relation.schema = record.schema.empty() ? "public" : std::string(record.schema);
  relation.table = std::string(record.table);
  relation.relid = record.relid;
  ASSIGN_OR_RETURN(relation.identity, ParseIdentity(record.identity));
  relation.columns.reserve(record.columns.size());
  for (const Column& column : record.columns) {
    ASSIGN_OR_RETURN(types::Column parsed, ParseColumn(column));
    relation.columns.push_back(std::move(parsed));
  }
  return relation;
}

void AppendColumnDescription(const types::Column& column, std::string* out) {
  absl::StrAppend(out, "{\"attnum\":", column.attnum, ",\"type\":");
  AppendJsonString(column.type, out);
  absl::StrAppend(out, ",\"oid\":", column.oid);
  if (column.elem != 0) absl::StrAppend(out, ",\"elem\":", column.elem);
  if (column.pk != 0) absl::StrAppend(out, ",\"pk\":", column.pk);
  if (column.key != 0) absl::StrAppend(out, ",\"key\":", column.key);
  if (column.not_null) absl::StrAppend(out, ",\"not_null\":true");
  if (!column.generated.empty()) absl::StrAppend(out, ",\"generated\":\"", column.generated, "\"");
  if (column.missing.has_value() && types::IsUtf8(*column.missing)) {
    absl::StrAppend(out, ",\"missing\":");
    AppendJsonString(*column.missing, out);
  } else if (column.missing.has_value()) {
    absl::StrAppend(out, ",\"missing_hex\":\"", absl::BytesToHexString(*column.missing), "\"");
  }
  out->push_back('}');
}

absl::string_view IdentityName(types::Identity identity) {
  switch (identity) {
    case types::Identity::kDefault:
      return "default";
    case types::Identity::kIndex:
      return "index";
    case types::Identity::kFull:
      return "full";
    case types::Identity::kNothing:
      return "nothing";
  }
  return "";
}

}  // namespace deltamirror::deltaflood
