#include "mirror/retype.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "types/oids.h"

namespace deltamirror::mirror {
namespace {

constexpr uint32_t kBit = 1560;
constexpr uint32_t kVarbit = 1562;

// Types that PostgreSQL takes for one another without touching the rows, and prints alike.
constexpr uint32_t kAlike[][3] = {
    {types::kText, types::kVarchar, types::kBpchar},
    {kBit, kVarbit, kVarbit},
};

bool AreAlike(uint32_t a, uint32_t b) {
  if (a == b) return true;
  return std::any_of(std::begin(kAlike), std::end(kAlike), [a, b](const uint32_t(&family)[3]) {
    return std::count(family, family + 3, a) > 0 && std::count(family, family + 3, b) > 0;
  });
}

// Under TimeZone UTC, which alone makes these two one. What it has done it leaves alone.
std::string WithZone(absl::string_view value) {
  return absl::StrReplaceAll(
      "CASE WHEN V LIKE '%infinity' OR V LIKE '%+00:00' OR V LIKE '%+00 BC' THEN V"
      " WHEN V LIKE '% BC' THEN replace(V, ' BC', '+00 BC') ELSE V || '+00:00' END",
      {{"V", value}});
}

std::string WithoutZone(absl::string_view value) {
  return absl::StrCat("replace(replace(", value, ", '+00:00', ''), '+00 BC', ' BC')");
}

}  // namespace

std::optional<std::string> RetypedValue(const types::Column& before, const types::Column& after,
                                        const types::Overrides& overrides, absl::string_view quoted) {
  const types::Mapping from = types::MappingFor(before, overrides);
  const types::Mapping to = types::MappingFor(after, overrides);
  const bool same_form = from.declared == to.declared && from.text == to.text;
  if (same_form && before.elem == after.elem && AreAlike(before.oid, after.oid)) return std::string(quoted);
  // An override may have chosen another form.
  const types::Mapping zoned = types::MappingFor("timestamp with time zone", types::kTimestamptz, 0);
  const types::Mapping plain = types::MappingFor("timestamp without time zone", types::kTimestamp, 0);
  const bool gains = from.text == plain.text && to.text == zoned.text;
  const bool loses = from.text == zoned.text && to.text == plain.text;
  if (before.oid == types::kTimestamp && after.oid == types::kTimestamptz && gains) return WithZone(quoted);
  if (before.oid == types::kTimestamptz && after.oid == types::kTimestamp && loses) return WithoutZone(quoted);
  return std::nullopt;
}

}  // namespace deltamirror::mirror
