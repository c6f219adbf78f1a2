#include "ext/deltaflood_parse.h"

#include <string>

#include "absl/status/status.h"
#include "deltaflood/json.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "ext/function.h"
#include "sqlite/error.h"
#include "status/named.h"

namespace deltamirror::ext {

void DeltafloodParse(sqlite3_context* context, int count, sqlite3_value** values) {
  if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
  deltaflood::Parser parser;
  deltaflood::Record record;
  if (const absl::Status status = parser.Parse(TextArgument(values[0]), &record); !status.ok()) {
    return sqlite::ResultError(context, Named("deltaflood_parse", status));
  }
  std::string json;
  deltaflood::AppendRecordJson(record, &json);
  sqlite3_result_text64(context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace deltamirror::ext
