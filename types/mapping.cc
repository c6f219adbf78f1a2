#include "types/mapping.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "types/array.h"
#include "types/catalog.h"
#include "types/oids.h"
#include "types/override.h"
#include "types/plain.h"

namespace deltamirror::types {
namespace {

constexpr absl::string_view kArraySuffix = "[]";

// "timestamp(3) with time zone" is "timestamp with time zone".
std::string WithoutModifiers(absl::string_view name) {
  const size_t open = name.find('(');
  const size_t close = name.find(')', open == absl::string_view::npos ? 0 : open);
  // A quoted name may hold any character.
  if (absl::StartsWith(name, "\"") || open == absl::string_view::npos || close == absl::string_view::npos) {
    return std::string(name);
  }
  return absl::StrCat(name.substr(0, open), name.substr(close + 1));
}

bool IsArrayName(absl::string_view name) {
  return name == "array" || absl::EndsWith(name, kArraySuffix);
}

// int2vector and oidvector have elements, but another text than arrays.
uint32_t ElementOf(uint32_t oid, uint32_t elem) {
  return oid == kInt2vector || oid == kOidvector ? 0 : elem;
}

bool Names(absl::string_view named, absl::string_view type, const CatalogEntry* entry, absl::string_view suffix) {
  if (named == type) return true;
  return entry != nullptr && absl::EndsWith(named, suffix) &&
         (absl::StripSuffix(named, suffix) == entry->name || absl::StripSuffix(named, suffix) == entry->short_name);
}

}  // namespace

absl::StatusOr<Overrides> Overrides::Parse(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Overrides overrides;
  for (const auto& [type, target] : pairs) {
    const bool plain = target == "text" || target == "integer" || target == "real" || target == "blob";
    if (!plain && !(target == "json" && IsArrayName(type))) {
      return absl::InvalidArgumentError(absl::StrCat("invalid value \"", target, "\" for type \"", type,
                                                     "\" in option \"types\", expected \"text\", \"integer\", \"real\"",
                                                     IsArrayName(type) ? ", \"blob\" or \"json\"" : " or \"blob\""));
    }
    overrides.targets_.emplace_back(absl::AsciiStrToLower(type), target);
  }
  return overrides;
}

absl::string_view Overrides::TargetFor(absl::string_view name, uint32_t oid, uint32_t elem) const {
  if (targets_.empty()) return "";
  elem = ElementOf(oid, elem);
  const std::string type = absl::AsciiStrToLower(WithoutModifiers(name));
  const CatalogEntry* entry = FindType(elem == 0 ? oid : elem);
  absl::string_view any_array;
  for (const auto& [named, target] : targets_) {
    if (Names(named, type, entry, elem == 0 ? "" : kArraySuffix)) return target;
    if (elem != 0 && named == "array") any_array = target;
  }
  return any_array;
}

std::vector<std::string> Overrides::types() const {
  std::vector<std::string> types;
  for (const auto& [type, target] : targets_) types.push_back(type);
  return types;
}

Mapping MappingFor(absl::string_view name, uint32_t oid, uint32_t elem, const Overrides& overrides) {
  const absl::string_view target = overrides.TargetFor(name, oid, elem);
  const CatalogEntry* entry = FindType(oid);
  if (target == "json") return {"TEXT", "TEXT", ArrayToJson(elem), nullptr};
  // What a type becomes anyway keeps its own decoders: {"bytea":"blob"} is not the text \x00 as a blob. Text is what
  // PostgreSQL prints, which of timestamptz is not our form.
  const bool same = entry != nullptr && absl::EqualsIgnoreCase(target, entry->mapping.declared) &&
                    (target != "text" || entry->mapping.text == TextAsIs);
  if (!target.empty() && !same) return OverrideMapping(target, oid);
  return entry != nullptr ? entry->mapping : Mapping{"TEXT", "TEXT", TextAsIs, nullptr};
}

Mapping MappingFor(const Column& column, const Overrides& overrides) {
  return MappingFor(column.type, column.oid, column.elem, overrides);
}

}  // namespace deltamirror::types
