#include "deltaflood/format.h"

#include <charconv>

#include "types/lsn.h"

namespace deltamirror::deltaflood {
namespace {

// Between two fields; nothing at the beginning of a line.
void AppendTab(std::string* out) {
  if (!out->empty() && out->back() != '\n') out->push_back('\t');
}

// `key` needs no escapes.
void AppendKey(absl::string_view key, std::string* out) {
  AppendTab(out);
  out->append(key.data(), key.size());
  out->push_back('\t');
}

void AppendNumber(absl::string_view key, int64_t value, std::string* out) {
  AppendKey(key, out);
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  out->append(digits, end - digits);
}

void AppendText(absl::string_view key, absl::string_view value, std::string* out) {
  if (!value.empty()) AppendField(key, value, out);
}

void AppendColumns(const Record& record, std::string* out) {
  for (const Column& column : record.columns) {
    AppendTab(out);
    AppendColumnName(column.name, out);
    out->push_back('\t');
    if (column.is_null) {
      out->append("\\N");
    } else {
      AppendEscaped(column.value, out);
    }
  }
}

}  // namespace

void AppendEscaped(absl::string_view text, std::string* out) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char letter;
    switch (text[i]) {
      case '\t':
        letter = 't';
        break;
      case '\n':
        letter = 'n';
        break;
      case '\\':
        letter = '\\';
        break;
      default:
        continue;
    }
    out->append(text.data() + begin, i - begin);
    out->push_back('\\');
    out->push_back(letter);
    begin = i + 1;
  }
  out->append(text.data() + begin, text.size() - begin);
}

void AppendColumnName(absl::string_view name, std::string* out) {
  if (name == "_oid") {
    out->append("\\137oid");
  } else {
    AppendEscaped(name, out);
  }
}

void AppendField(absl::string_view key, absl::string_view value, std::string* out) {
  AppendTab(out);
  AppendEscaped(key, out);
  out->push_back('\t');
  AppendEscaped(value, out);
}

void AppendNull(absl::string_view key, std::string* out) {
  AppendTab(out);
  AppendEscaped(key, out);
  out->append("\t\\N");
}

void AppendRecord(const Record& record, std::string* out) {
  if (record.has_position) {
    AppendNumber("_c", record.clock, out);
    AppendNumber("_s", record.seq, out);
  }
  AppendText("_table", record.table, out);
  AppendText("_schema", record.schema, out);
  AppendText("_qualified_table", record.qualified_table, out);
  AppendText("_partition", record.partition, out);
  if (record.has_xid) AppendNumber("_xid", record.xid, out);
  if (record.has_lsn) {
    AppendKey("_lsn", out);
    out->append(types::FormatLsn(record.lsn));
  }
  if (record.has_time) AppendNumber("_time", record.time, out);
  if (record.has_relid) AppendNumber("_relid", record.relid, out);
  AppendText("_identity", record.identity, out);
  AppendText("_check", record.check, out);
  AppendText("_was", record.was, out);
  AppendText("_reason", record.reason, out);
  for (const Column& column : record.unknown) {
    AppendKey(column.name, out);
    AppendEscaped(column.value, out);
  }
  AppendField("_action", ActionName(record.action), out);
  AppendText("_oid", record.oid, out);
  AppendColumns(record, out);
}

}  // namespace deltamirror::deltaflood
