#include "types/catalog.h"

#include "absl/strings/strip.h"
#include "types/datetime.h"
#include "types/number.h"
#include "types/numeric.h"
#include "types/oids.h"
#include "types/plain.h"

namespace deltamirror::types {
namespace {

// Types that are missing here on purpose are those whose binary form would have to be printed as PostgreSQL prints it
// (inet, interval, money, bit, ranges, geometry, arrays, ...): its own output functions do that best.
constexpr CatalogEntry kTypes[] = {
    {kBool, "boolean", "bool", {"INTEGER", "INTEGER", BoolFromText, BoolFromBinary}},
    {kInt2, "smallint", "int2", {"INTEGER", "INTEGER", IntegerFromText, Int2FromBinary}},
    {kInt4, "integer", "int4", {"INTEGER", "INTEGER", IntegerFromText, Int4FromBinary}},
    {kInt8, "bigint", "int8", {"INTEGER", "INTEGER", IntegerFromText, Int8FromBinary}},
    {kOid, "oid", "oid", {"INTEGER", "INTEGER", IntegerFromText, OidFromBinary}},
    {kFloat4, "real", "float4", {"REAL", "ANY", FloatFromText, Float4FromBinary}},
    {kFloat8, "double precision", "float8", {"REAL", "ANY", FloatFromText, Float8FromBinary}},
    {kNumeric, "numeric", "numeric", {"", "ANY", NumericFromText, NumericFromBinary}},
    {kText, "text", "text", {"TEXT", "TEXT", TextAsIs, TextAsIs}},
    {kVarchar, "character varying", "varchar", {"TEXT", "TEXT", TextAsIs, TextAsIs}},
    {kBpchar, "character", "bpchar", {"TEXT", "TEXT", TextAsIs, TextAsIs}},
    {kName, "name", "name", {"TEXT", "TEXT", TextAsIs, TextAsIs}},
    {kBytea, "bytea", "bytea", {"BLOB", "BLOB", ByteaFromText, BlobAsIs}},
    {kDate, "date", "date", {"TEXT", "TEXT", TextAsIs, DateFromBinary}},
    {kTime, "time without time zone", "time", {"TEXT", "TEXT", TextAsIs, TimeFromBinary}},
    {kTimetz, "time with time zone", "timetz", {"TEXT", "TEXT", TextAsIs, TimetzFromBinary}},
    {kTimestamp, "timestamp without time zone", "timestamp", {"TEXT", "TEXT", TextAsIs, TimestampFromBinary}},
    {kTimestamptz,
     "timestamp with time zone",
     "timestamptz",
     {"TEXT", "TEXT", TimestamptzFromText, TimestamptzFromBinary}},
    {kJson, "json", "json", {"TEXT", "TEXT", TextAsIs, TextAsIs}},
    {kJsonb, "jsonb", "jsonb", {"TEXT", "TEXT", TextAsIs, JsonbFromBinary}},
    {kUuid, "uuid", "uuid", {"TEXT", "TEXT", TextAsIs, UuidFromBinary}},
};

}  // namespace

const CatalogEntry* FindType(uint32_t oid) {
  for (const CatalogEntry& entry : kTypes) {
    if (entry.oid == oid) return &entry;
  }
  return nullptr;
}

bool IsKnownTypeName(absl::string_view name) {
  name = absl::StripSuffix(name, "[]");
  for (const CatalogEntry& entry : kTypes) {
    if (entry.name == name || entry.short_name == name) return true;
  }
  return false;
}

}  // namespace deltamirror::types
