#include "deltaflood/json.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "types/lsn.h"
#include "types/utf8.h"

namespace deltamirror::deltaflood {
namespace {

void AppendControl(uint8_t byte, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '\t':
      out->append("\\t");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    default:
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
  }
}

// Keeps track of the comma.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* out) : out_(out) { out_->push_back('{'); }

  void Key(absl::string_view key) {
    if (!first_) out_->push_back(',');
    first_ = false;
    AppendJsonString(key, out_);
    out_->push_back(':');
  }

  void Number(absl::string_view key, int64_t value) {
    Key(key);
    absl::StrAppend(out_, value);
  }

  void Text(absl::string_view key, absl::string_view value) {
    Key(key);
    AppendJsonString(value, out_);
  }

  void TextIfAny(absl::string_view key, absl::string_view value) {
    if (!value.empty()) Text(key, value);
  }

  void Close() { out_->push_back('}'); }

 private:
  std::string* const out_;
  bool first_ = true;
};

}  // namespace

void AppendJsonString(absl::string_view text, std::string* out) {
  out->push_back('"');
  // Most bytes are copied as they are, a run at a time.
  size_t begin = 0;
  size_t i = 0;
  const auto copy_run = [&](size_t end) { out->append(text.data() + begin, end - begin); };
  while (i < text.size()) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    const size_t length = byte < 0x80 ? 1 : types::CharacterLength(text.substr(i));
    if (length > 0 && byte >= ' ' && byte != '"' && byte != '\\') {
      i += length;
      continue;
    }
    copy_run(i);
    if (length == 0) {
      out->append("\xEF\xBF\xBD");
    } else if (byte < ' ') {
      AppendControl(byte, out);
    } else {
      out->push_back('\\');
      out->push_back(text[i]);
    }
    begin = ++i;
  }
  copy_run(i);
  out->push_back('"');
}

void AppendColumnsJson(const Record& record, std::string* out) {
  ObjectWriter object(out);
  for (const Column& column : record.columns) {
    object.Key(column.name);
    if (column.is_null) {
      out->append("null");
    } else {
      AppendJsonString(column.value, out);
    }
  }
  object.Close();
}

void AppendRecordJson(const Record& record, std::string* out) {
  ObjectWriter object(out);
  if (record.has_position) {
    object.Number("_c", record.clock);
    object.Number("_s", record.seq);
  }
  object.TextIfAny("_table", record.table);
  object.TextIfAny("_schema", record.schema);
  object.TextIfAny("_qualified_table", record.qualified_table);
  object.TextIfAny("_partition", record.partition);
  if (record.has_xid) object.Number("_xid", record.xid);
  if (record.has_lsn) object.Text("_lsn", types::FormatLsn(record.lsn));
  if (record.has_time) object.Number("_time", record.time);
  if (record.has_relid) object.Number("_relid", record.relid);
  object.TextIfAny("_identity", record.identity);
  object.TextIfAny("_check", record.check);
  object.TextIfAny("_was", record.was);
  object.TextIfAny("_reason", record.reason);
  object.TextIfAny("_oid", record.oid);
  for (const Column& column : record.unknown) {
    object.Text(column.name, column.value);
  }
  object.Text("_action", ActionName(record.action));
  object.Key("columns");
  AppendColumnsJson(record, out);
  object.Close();
}

}  // namespace deltamirror::deltaflood
