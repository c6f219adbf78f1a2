#include "mirror/name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

absl::StatusOr<std::vector<std::string>> ListDatabases(sqlite3* db) {
  ASSIGN_OR_RETURN(sqlite::Statement query, sqlite::Statement::Prepare(db, "SELECT name FROM pragma_database_list"));
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return names;
    names.emplace_back(query.ColumnText(0));
  }
}

// A mirror is a virtual table of our module whose shadow tables are there.
absl::Status ListIn(sqlite3* db, const std::string& schema, std::vector<MirrorName>* mirrors) {
  const std::string master = QuoteQualified(schema, "sqlite_master");
  ASSIGN_OR_RETURN(
      sqlite::Statement query,
      sqlite::Statement::Prepare(
          db, absl::StrCat("SELECT name FROM ", master,
                           " AS m WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%USING%daystream_apply%'"
                           " AND EXISTS (SELECT 1 FROM ",
                           master, " WHERE type = 'table' AND name = m.name || '_state') ORDER BY name")));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return absl::OkStatus();
    mirrors->push_back({schema, std::string(query.ColumnText(0))});
  }
}

}  // namespace

std::string MirrorName::Quoted(absl::string_view suffix) const {
  return QuoteQualified(schema, absl::StrCat(name, suffix));
}

std::string MirrorName::Text() const {
  return schema == "main" ? name : absl::StrCat(schema, ".", name);
}

absl::StatusOr<std::vector<MirrorName>> ListMirrors(sqlite3* db) {
  ASSIGN_OR_RETURN(const std::vector<std::string> databases, ListDatabases(db));
  std::vector<MirrorName> mirrors;
  for (const std::string& schema : databases) RETURN_IF_ERROR(ListIn(db, schema, &mirrors));
  return mirrors;
}

absl::StatusOr<MirrorName> FindMirror(sqlite3* db, absl::string_view text) {
  ASSIGN_OR_RETURN(const std::vector<MirrorName> mirrors, ListMirrors(db));
  for (const MirrorName& mirror : mirrors) {
    if (absl::EqualsIgnoreCase(text, mirror.name) ||
        absl::EqualsIgnoreCase(text, absl::StrCat(mirror.schema, ".", mirror.name))) {
      return mirror;
    }
  }
  return absl::NotFoundError(absl::StrCat("mirror \"", text, "\" does not exist. Make it with CREATE VIRTUAL TABLE ",
                                          text, " USING daystream_apply(source='...')"));
}

}  // namespace deltamirror::mirror
