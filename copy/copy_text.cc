#include "copy/copy_text.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace deltamirror::copy {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void AppendReal(double number, std::string* out) {
  if (std::isinf(number)) {
    out->append(number < 0 ? "-Infinity" : "Infinity");
    return;
  }
  char text[64];
  out->append(text, static_cast<size_t>(std::to_chars(text, text + sizeof(text), number).ptr - text));
}

void AppendText(absl::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out->append("\\\\");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      default:
        out->push_back(c);
    }
  }
}

// The backslash of bytea's \x is itself escaped.
void AppendBlob(absl::string_view blob, std::string* out) {
  out->append("\\\\x");
  for (const char c : blob) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back(kHexDigits[byte >> 4]);
    out->push_back(kHexDigits[byte & 15]);
  }
}

}  // namespace

void AppendCopyRow(const sqlite::Statement& row, std::string* out) {
  for (int i = 0; i < row.column_count(); ++i) {
    if (i > 0) out->push_back('\t');
    switch (row.column_type(i)) {
      case SQLITE_NULL:
        out->append("\\N");
        break;
      case SQLITE_INTEGER:
        absl::StrAppend(out, row.ColumnInt64(i));
        break;
      case SQLITE_FLOAT:
        AppendReal(row.ColumnDouble(i), out);
        break;
      case SQLITE_BLOB:
        AppendBlob(row.ColumnBlob(i), out);
        break;
      default:
        AppendText(row.ColumnText(i), out);
    }
  }
  out->push_back('\n');
}

}  // namespace deltamirror::copy
