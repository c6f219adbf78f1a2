#include "deltaflood/json.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "types/lsn.h"

namespace deltamirror::deltaflood {
namespace {

uint8_t ByteAt(absl::string_view text, size_t i) {
  return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
}

bool IsContinuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

// The bytes of the UTF-8 character at the front of `text`, whose first byte is
// above 0x7F; 0 if there is none. Overlong forms, surrogates and what lies
// above U+10FFFF are none: the second byte tells (Unicode, table 3-7).
size_t CharacterLength(absl::string_view text) {
  const uint8_t first = ByteAt(text, 0);
  const uint8_t second = ByteAt(text, 1);
  if (!IsContinuation(second) || first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return 2;
  if (!IsContinuation(ByteAt(text, 2))) return 0;
  if (first < 0xF0) {
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return 3;
  }
  if (!IsContinuation(ByteAt(text, 3))) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return 4;
}

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
    size_t length = 1;
    if (byte > 0x7F) length = CharacterLength(text.substr(i));
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
