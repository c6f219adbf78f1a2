#include "deltaflood/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "deltaflood/excerpt.h"
#include "deltaflood/field_scanner.h"
#include "deltaflood/metadata.h"
#include "deltaflood/plain_head.h"
#include "status/status_macros.h"

namespace deltamirror::deltaflood {
namespace {

constexpr uint32_t Bit(Key key) {
  return uint32_t{1} << static_cast<uint32_t>(key);
}

bool NeedsTable(Action action) {
  return action != Action::kCommit && action != Action::kRollback;
}

bool IsOctalDigit(char c) {
  return c >= '0' && c <= '7';
}

// Writes what the escape at the front of `text` stands for. Returns the
// escape's length, or 0 if it is none.
size_t UnescapeOne(absl::string_view text, std::string* out) {
  if (text.size() < 2) return 0;
  switch (text[1]) {
    case 't':
      out->push_back('\t');
      return 2;
    case 'n':
      out->push_back('\n');
      return 2;
    case '\\':
      out->push_back('\\');
      return 2;
    default:
      break;
  }
  constexpr size_t kOctalLength = 4;
  if (text.size() < kOctalLength || text[1] > '3' || !IsOctalDigit(text[1]) || !IsOctalDigit(text[2]) ||
      !IsOctalDigit(text[3])) {
    return 0;
  }
  out->push_back(static_cast<char>((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0')));
  return kOctalLength;
}

}  // namespace

Parser::Parser(ParseOptions options) : options_(std::move(options)) {}

Parser::Parser(HeadCache* heads) : heads_(heads) {}

absl::Status Parser::Parse(absl::string_view line, Record* out) {
  return ParsePart(line, Part::kAll, out);
}

absl::Status Parser::ParseHead(absl::string_view line, Record* out) {
  return ParsePart(line, Part::kHead, out);
}

absl::Status Parser::ParsePart(absl::string_view line, Part part, Record* out) {
  out->Clear();
  scratch_.clear();
  seen_ = 0;
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  line_ = line;
  if (line.empty()) {
    return absl::InvalidArgumentError("expected key-value pairs separated by tabs, got an empty line");
  }
  if (part == Part::kAll) {
    if (const void* lf = memchr(line.data(), '\n', line.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected one line, got a line feed at offset ", static_cast<const char*>(lf) - line.data()));
    }
  }
  may_escape_ = options_.escapes && memchr(line.data(), '\\', line.size()) != nullptr;
  if (options_.separator.size() == 1) {
    return ParseFields<FieldReader<ByteScanner>>(part, out);
  }
  return ParseFields<FieldReader<TextScanner>>(part, out);
}

template <typename Fields>
absl::Status Parser::ParseFields(Part part, Record* out) {
  if (FindPlainHead(out)) {
    if (part == Part::kHead || out->columns_offset == line_.size()) return absl::OkStatus();
    return ParseColumns(Fields(line_.substr(out->columns_offset), options_.separator), out);
  }
  out->Clear();
  Fields fields(line_, options_.separator);
  RETURN_IF_ERROR(ParseHeadFields(&fields, out));
  // The original puts a row's OID behind the action. A column of that name is
  // written with an escape when it comes first, and so is not taken for it.
  Fields ahead = fields;
  absl::string_view key;
  absl::string_view value;
  if (ahead.Read(&key) && key == KeyName(Key::kOid)) {
    if (!ahead.Read(&value)) return UnpairedError();
    RETURN_IF_ERROR(Unescape(value, &out->oid));
    fields = ahead;
  }
  out->columns_offset = fields.Offset();
  heads_->Keep(line_, head_end_, *out);
  if (part == Part::kHead) return absl::OkStatus();
  return ParseColumns(std::move(fields), out);
}

// The metadata of the last line, or what is written as most lines are.
bool Parser::FindPlainHead(Record* out) {
  if (heads_->Find(line_, options_.separator, out)) return true;
  if (options_.separator != "\t") return false;
  const size_t end = ReadPlainHead(line_, out);
  if (end == 0) return false;
  out->columns_offset = std::min(end + 1, line_.size());
  heads_->Keep(line_, end, *out);
  return true;
}

template <typename Fields>
absl::Status Parser::ParseHeadFields(Fields* fields, Record* out) {
  absl::string_view key;
  absl::string_view value;
  while (out->action == Action::kNone) {
    if (!fields->Read(&key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected \"_action\" at offset ", line_.size(), ", got the end of the line"));
    }
    if (!fields->Read(&value)) return UnpairedError();
    if (key.empty() || key[0] != '_') {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a metadata key or \"_action\" at offset ", OffsetOf(key), ", got ", Excerpt(key)));
    }
    RETURN_IF_ERROR(ParseMetadata(key, value, out));
  }
  head_end_ = OffsetOf(value) + value.size();
  out->has_position = (seen_ & Bit(Key::kClock)) != 0 && (seen_ & Bit(Key::kSeq)) != 0;
  if (out->table.empty() && NeedsTable(out->action)) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected \"_table\" before \"_action\", got a line with \"_action\" \"", ActionName(out->action),
                     "\" and no table"));
  }
  return absl::OkStatus();
}

template <typename Fields>
absl::Status Parser::ParseColumns(Fields fields, Record* out) {
  absl::string_view name;
  absl::string_view value;
  while (fields.Read(&name)) {
    if (!fields.Read(&value)) return UnpairedError();
    if (name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a column name at offset ", OffsetOf(name), ", got an empty field"));
    }
    Column& column = out->columns.emplace_back();
    if (may_escape_) {
      RETURN_IF_ERROR(ParseColumn(name, value, &column));
    } else {
      column.name = name;
      column.value = value;
    }
    if (options_.null_text.has_value() && value == *options_.null_text) {
      column.is_null = true;
      column.value = absl::string_view();
    }
  }
  return absl::OkStatus();
}

absl::Status Parser::ParseColumn(absl::string_view raw_name, absl::string_view raw, Column* column) {
  RETURN_IF_ERROR(Unescape(raw_name, &column->name));
  column->is_null = raw == "\\N";
  if (column->is_null) return absl::OkStatus();
  return Unescape(raw, &column->value);
}

absl::Status Parser::ParseMetadata(absl::string_view name, absl::string_view raw, Record* out) {
  const Key key = FindKey(name);
  absl::string_view value;
  RETURN_IF_ERROR(Unescape(raw, &value));
  if (key == Key::kUnknown) {
    // Between other separators it may stand there, but it could not be written again: keys are not escaped.
    if (absl::StrContains(name, '\t')) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a metadata key without a tab at offset ", OffsetOf(name), ", got ", Excerpt(name)));
    }
    out->unknown.push_back({name, value, false});
    return absl::OkStatus();
  }
  if ((seen_ & Bit(key)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected each metadata key once, got \"", name, "\" again at offset ", OffsetOf(name)));
  }
  seen_ |= Bit(key);
  return SetMetadata(key, value, OffsetOf(raw), out);
}

absl::Status Parser::Unescape(absl::string_view raw, absl::string_view* out) {
  if (!may_escape_ || raw.empty() || memchr(raw.data(), '\\', raw.size()) == nullptr) {
    *out = raw;
    return absl::OkStatus();
  }
  // No text is longer unescaped than escaped, so that this is room enough for
  // all of the line's.
  if (scratch_.empty()) scratch_.reserve(line_.size());
  const size_t begin = scratch_.size();
  absl::string_view rest = raw;
  while (!rest.empty()) {
    const size_t plain = rest.find('\\');
    const absl::string_view text = rest.substr(0, plain);
    scratch_.append(text.data(), text.size());
    if (plain == absl::string_view::npos) break;
    rest.remove_prefix(plain);
    const size_t length = UnescapeOne(rest, &scratch_);
    if (length == 0) {
      return absl::InvalidArgumentError(absl::StrCat("expected \\t, \\n, \\\\ or \\ and three octal digits at offset ",
                                                     OffsetOf(rest), ", got ", Excerpt(rest.substr(0, 4))));
    }
    rest.remove_prefix(length);
  }
  *out = absl::string_view(scratch_).substr(begin);
  return absl::OkStatus();
}

size_t Parser::OffsetOf(absl::string_view field) const {
  return field.data() - line_.data();
}

absl::Status Parser::UnpairedError() const {
  size_t fields = 1;
  size_t at = 0;
  while ((at = line_.find(options_.separator, at)) != absl::string_view::npos) {
    at += options_.separator.size();
    ++fields;
  }
  return absl::InvalidArgumentError(absl::StrCat("expected key-value pairs separated by ",
                                                 options_.separator == "\t" ? "tabs" : Excerpt(options_.separator),
                                                 ", got ", fields, fields == 1 ? " field" : " fields"));
}

}  // namespace deltamirror::deltaflood
