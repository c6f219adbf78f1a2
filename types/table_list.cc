#include "types/table_list.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::types {
namespace {

constexpr char kSpace[] = " \t\n\r\f\v";
constexpr char kEndOfName[] = ".,\"* \t\n\r\f\v";

// Reads the list from left to right.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : all_(text), rest_(text) {}

  absl::StatusOr<TableList::Entry> Next() {
    SkipSpace();
    const absl::string_view item = rest_;
    TableList::Entry entry;
    RETURN_IF_ERROR(Name(item, &entry.table));
    if (entry.table.has_value() && Consume('.')) {
      entry.schema = std::move(entry.table);
      entry.table.reset();
      RETURN_IF_ERROR(Name(item, &entry.table));
    } else if (entry.table.has_value()) {
      entry.schema = "public";
    }
    if (!rest_.empty() && rest_.front() != ',') return Unfit(item);
    return entry;
  }

  bool Consume(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

 private:
  // One name and the space around it; nothing for a star.
  absl::Status Name(absl::string_view item, std::optional<std::string>* name) {
    SkipSpace();
    if (Consume('*')) {
      SkipSpace();
      return absl::OkStatus();
    }
    std::string text;
    if (Consume('"')) {
      if (!Quoted(&text)) return Unfit(item);
    } else {
      const absl::string_view bare = rest_.substr(0, rest_.find_first_of(kEndOfName));
      rest_.remove_prefix(bare.size());
      // As PostgreSQL does with UTF-8: only ASCII letters are folded.
      text = absl::AsciiStrToLower(bare);
    }
    if (text.empty()) return Unfit(item);
    *name = std::move(text);
    SkipSpace();
    return absl::OkStatus();
  }

  // Behind the opening quote; false without a closing one.
  bool Quoted(std::string* text) {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"' && !Consume('"')) return true;
      text->push_back(c);
    }
    return false;
  }

  void SkipSpace() {
    const size_t begin = rest_.find_first_not_of(kSpace);
    rest_.remove_prefix(begin == absl::string_view::npos ? rest_.size() : begin);
  }

  absl::Status Unfit(absl::string_view item) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid list of tables \"", all_,
        "\", expected names separated by commas, each a table, schema.table, schema.* or *, but got \"", item, "\""));
  }

  const absl::string_view all_;
  absl::string_view rest_;
};

std::string Part(const std::optional<std::string>& name) {
  return name.has_value() ? QuoteIdentifier(*name) : "*";
}

}  // namespace

absl::StatusOr<TableList> TableList::Parse(absl::string_view text) {
  Scanner scanner(text);
  std::vector<Entry> entries;
  do {
    ASSIGN_OR_RETURN(Entry entry, scanner.Next());
    if (entry.schema.has_value() && IsReservedSchema(*entry.schema)) {
      return absl::InvalidArgumentError(absl::StrCat("cannot take tables of schema \"", *entry.schema,
                                                     "\": the schemas pg_..., information_schema and deltamirror are "
                                                     "never mirrored"));
    }
    if (std::find(entries.begin(), entries.end(), entry) == entries.end()) entries.push_back(std::move(entry));
  } while (scanner.Consume(','));
  return TableList(std::move(entries));
}

bool TableList::Matches(absl::string_view schema, absl::string_view table) const {
  if (IsReservedSchema(schema)) return false;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return (!entry.schema.has_value() || *entry.schema == schema) &&
           (!entry.table.has_value() || *entry.table == table);
  });
}

std::string TableList::ToString() const {
  return absl::StrJoin(entries_, ",", [](std::string* out, const Entry& entry) {
    if (entry.schema.has_value()) absl::StrAppend(out, QuoteIdentifier(*entry.schema), ".");
    absl::StrAppend(out, Part(entry.table));
  });
}

bool IsReservedSchema(absl::string_view schema) {
  return schema == "deltamirror" || schema == "information_schema" || absl::StartsWith(schema, "pg_");
}

std::string TargetName(absl::string_view schema, absl::string_view table) {
  return schema.empty() || schema == "public" ? std::string(table) : absl::StrCat(schema, ".", table);
}

}  // namespace deltamirror::types
