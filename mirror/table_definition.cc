#include "mirror/table_definition.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

constexpr absl::string_view kExtras[] = {"CHECK",   "REFERENCES", "UNIQUE", "COLLATE",
                                         "FOREIGN", "GENERATED",  "AS",     "AUTOINCREMENT"};

struct Word {
  std::string text;
  char quote = 0;  // the one that it stands in, or 0
  size_t begin = 0;
  size_t end = 0;  // in the statement

  bool is_name() const { return quote != '\''; }
};

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Up to the closing quote, which is doubled inside.
Word TakeQuoted(absl::string_view* sql) {
  Word word;
  word.quote = sql->front();
  const char close = word.quote == '[' ? ']' : word.quote;
  sql->remove_prefix(1);
  while (!sql->empty()) {
    const char c = sql->front();
    sql->remove_prefix(1);
    if (c == close) {
      if (close == ']' || sql->empty() || sql->front() != close) break;
      sql->remove_prefix(1);
    }
    word.text.push_back(c);
  }
  return word;
}

Word TakeBare(absl::string_view* sql) {
  const auto end = std::find_if_not(sql->begin(), sql->end(), IsWordByte);
  Word word;
  word.text = std::string(sql->begin(), end);
  sql->remove_prefix(word.text.size());
  return word;
}

bool SkipComment(absl::string_view* sql) {
  const absl::string_view end = absl::StartsWith(*sql, "--") ? "\n" : absl::StartsWith(*sql, "/*") ? "*/" : "";
  if (end.empty()) return false;
  const size_t found = sql->find(end, 2);
  sql->remove_prefix(found == absl::string_view::npos ? sql->size() : found + end.size());
  return true;
}

// Names, keywords and strings of a statement that SQLite has accepted, in their order.
std::vector<Word> WordsOf(absl::string_view sql) {
  const absl::string_view all = sql;
  std::vector<Word> words;
  while (!sql.empty()) {
    if (SkipComment(&sql)) continue;
    const char c = sql.front();
    const bool quoted = c == '"' || c == '\'' || c == '`' || c == '[';
    if (!quoted && !IsWordByte(c)) {
      sql.remove_prefix(1);
      continue;
    }
    const size_t begin = all.size() - sql.size();
    Word& word = words.emplace_back(quoted ? TakeQuoted(&sql) : TakeBare(&sql));
    word.begin = begin;
    word.end = all.size() - sql.size();
  }
  return words;
}

// Where the columns of CREATE INDEX begin: behind its own name and the table's, which may have parentheses in them.
size_t ColumnsOf(absl::string_view create_index) {
  for (const Word& word : WordsOf(create_index)) {
    if (word.quote != 0 || !absl::EqualsIgnoreCase(word.text, "ON")) continue;
    for (const Word& next : WordsOf(create_index.substr(word.end))) return word.end + next.end;
  }
  return create_index.size();
}

void ReadCreate(absl::string_view sql, TableDefinition* definition) {
  for (const Word& word : WordsOf(sql)) {
    const std::string upper = absl::AsciiStrToUpper(word.text);
    const bool is_extra = std::find(std::begin(kExtras), std::end(kExtras), upper) != std::end(kExtras);
    if (word.quote == 0 && is_extra && definition->extra.empty()) definition->extra = upper;
  }
  const std::vector<Word> options = WordsOf(sql.substr(std::min(sql.rfind(')'), sql.size())));
  for (const Word& option : options) {
    if (absl::EqualsIgnoreCase(option.text, "without")) definition->without_rowid = true;
    if (absl::EqualsIgnoreCase(option.text, "strict")) definition->strict = true;
  }
}

absl::StatusOr<bool> IsReferenced(sqlite3* db, const std::string& schema, const std::string& table) {
  ASSIGN_OR_RETURN(const int64_t enforced, sqlite::QueryInt64(db, "PRAGMA foreign_keys"));
  if (enforced == 0) return false;
  ASSIGN_OR_RETURN(sqlite::Statement query,
                   sqlite::Statement::Prepare(
                       db, absl::StrCat("SELECT 1 FROM ", QuoteQualified(schema, "sqlite_master"),
                                        " AS m, pragma_foreign_key_list(m.name, ?1) AS f WHERE m.type = 'table'"
                                        " AND f.\"table\" = ?2 COLLATE NOCASE AND m.name <> ?2 COLLATE NOCASE")));
  query.BindText(1, schema);
  query.BindText(2, table);
  return query.Step();
}

}  // namespace

absl::StatusOr<TableDefinition> ReadTableDefinition(sqlite3* db, const std::string& schema, const std::string& table) {
  TableDefinition definition;
  ASSIGN_OR_RETURN(sqlite::Statement query,
                   sqlite::Statement::Prepare(
                       db, absl::StrCat("SELECT type, sql FROM ", QuoteQualified(schema, "sqlite_master"),
                                        " WHERE tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY rowid")));
  query.BindText(1, table);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) break;
    const std::string sql(query.ColumnText(1));
    if (query.ColumnText(0) == "table") ReadCreate(sql, &definition);
    if (query.ColumnText(0) == "index") definition.indexes.push_back(sql);
    if (query.ColumnText(0) == "trigger") definition.triggers.push_back(sql);
  }
  ASSIGN_OR_RETURN(definition.referenced, IsReferenced(db, schema, table));
  return definition;
}

bool NamesColumn(absl::string_view create_index, absl::string_view column) {
  const std::vector<Word> words = WordsOf(create_index.substr(ColumnsOf(create_index)));
  return std::any_of(words.begin(), words.end(), [column](const Word& word) {
    return word.is_name() && absl::EqualsIgnoreCase(word.text, column);
  });
}

std::string RenameColumn(absl::string_view create_index, absl::string_view column, absl::string_view name) {
  const size_t begin = ColumnsOf(create_index);
  std::string renamed(create_index.substr(0, begin));
  const absl::string_view columns = create_index.substr(begin);
  size_t done = 0;
  for (const Word& word : WordsOf(columns)) {
    if (!word.is_name() || !absl::EqualsIgnoreCase(word.text, column)) continue;
    absl::StrAppend(&renamed, columns.substr(done, word.begin - done), QuoteIdentifier(name));
    done = word.end;
  }
  return absl::StrCat(renamed, columns.substr(done));
}

}  // namespace deltamirror::mirror
