// Reads deltaflood lines: "key TAB value TAB key TAB value ...". The format is
// described in docs/formats.md.
//
//   Parser parser;
//   Record record;
//   RETURN_IF_ERROR(parser.Parse("_table\tzzz\t_xid\t88628916\t_action\tdelete\ta\tfox61",
//   &record));
//   // record.table == "zzz", record.action == Action::kDelete,
//   record.columns[0].value == "fox61"
//
// Errors are InvalidArgument, and name the byte offset in the line, what was
// expected and what came. They do not name the line or its file: the caller
// knows those.

#ifndef DELTAMIRROR_DELTAFLOOD_PARSER_H_
#define DELTAMIRROR_DELTAFLOOD_PARSER_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "deltaflood/head_cache.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// How the lines were written, where the original plugin's options changed it.
// The defaults read ours and the original's default.
struct ParseOptions {
  std::string separator = "\t";  // option "separator"; not empty
  // options "skip-nulls=off" and "null": this text, beside \N, is NULL
  std::optional<std::string> null_text;
  // option "escape-chars=off": a backslash is a backslash
  bool escapes = true;
};

// One parser for one thread. It keeps a scratch buffer as large as the longest
// line with an escape in it.
class Parser {
 public:
  Parser() = default;
  explicit Parser(ParseOptions options);
  // Parsers of the same lines, on one thread, may share what they know of their heads. `heads` must outlive them.
  explicit Parser(HeadCache* heads);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Takes a whole line apart; one LF at its end is not part of it. `out` is
  // cleared first, and points into `line` and into this parser until the next
  // call of either method. After an error, `out` holds what was read before it.
  absl::Status Parse(absl::string_view line, Record* out);

  // The same for the metadata alone, up to and including _action (and a legacy
  // _oid): columns stay empty and are not checked.
  absl::Status ParseHead(absl::string_view line, Record* out);

  // Whether the last record points into this parser, and not only into its line.
  bool has_unescaped() const { return !scratch_.empty(); }

 private:
  enum class Part { kHead, kAll };

  absl::Status ParsePart(absl::string_view line, Part part, Record* out);
  template <typename Fields>
  absl::Status ParseFields(Part part, Record* out);
  bool FindPlainHead(Record* out);
  template <typename Fields>
  absl::Status ParseHeadFields(Fields* fields, Record* out);
  template <typename Fields>
  absl::Status ParseColumns(Fields fields, Record* out);
  absl::Status ParseMetadata(absl::string_view key, absl::string_view raw, Record* out);
  absl::Status ParseColumn(absl::string_view raw_name, absl::string_view raw, Column* column);
  absl::Status Unescape(absl::string_view raw, absl::string_view* out);
  size_t OffsetOf(absl::string_view field) const;
  absl::Status UnpairedError() const;

  ParseOptions options_;
  HeadCache own_heads_;
  HeadCache* heads_ = &own_heads_;
  // Unescaped texts. It never grows while a line is read: records point into it.
  std::string scratch_;
  absl::string_view line_;   // the line being parsed, without LF
  bool may_escape_ = false;  // whether a field of line_ may hold an escape
  uint32_t seen_ = 0;        // a bit for each metadata key that came
  size_t head_end_ = 0;      // where the action ends in line_
};

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_PARSER_H_
