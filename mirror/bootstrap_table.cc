#include "mirror/bootstrap_table.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/copy_rows.h"
#include "copy/interrupted.h"
#include "copy/progress.h"
#include "copy/source.h"
#include "postgres/index.h"
#include "quote/quote.h"
#include "sqlite/notice.h"
#include "sqlite/statement.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

struct Present {
  std::string type;   // "table", "view", "index", "trigger"
  std::string table;  // what it belongs to
};

// What has this name in the target's database.
absl::StatusOr<std::optional<Present>> FindPresent(sqlite3* db, const std::string& database, const std::string& name) {
  ASSIGN_OR_RETURN(sqlite::Statement query,
                   sqlite::Statement::Prepare(
                       db, absl::StrCat("SELECT type, tbl_name FROM ", QuoteQualified(database, "sqlite_master"),
                                        " WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'")));
  query.BindText(1, name);
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return std::nullopt;
  return Present{std::string(query.ColumnText(0)), std::string(query.ColumnText(1))};
}

bool HasShape(const std::vector<copy::TargetColumn>& columns, const copy::TableShape& shape) {
  if (columns.size() != shape.columns.size()) return false;
  std::vector<std::string> key(shape.primary_key.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name != shape.columns[i].name || columns[i].type != shape.columns[i].type || columns[i].generated)
      return false;
    if (columns[i].pk == 0) continue;
    if (columns[i].pk > static_cast<int>(key.size())) return false;
    key[columns[i].pk - 1] = columns[i].name;
  }
  return key == shape.primary_key;
}

std::vector<std::string> Names(const postgres::Index& index) {
  std::vector<std::string> names;
  for (const postgres::IndexColumn& column : index.columns) names.push_back(column.name);
  return names;
}

// Why SQLite cannot have the index; empty: it can.
std::string WhyUnfit(const postgres::Index& index, const types::Relation& shape) {
  if (!index.unfit.empty()) return index.unfit;
  for (const postgres::IndexColumn& wanted : index.columns) {
    if (std::none_of(shape.columns.begin(), shape.columns.end(),
                     [&wanted](const types::Column& column) { return column.name == wanted.name; })) {
      return absl::StrCat("its column \"", wanted.name, "\" is not mirrored");
    }
  }
  return "";
}

void TellLeftOut(const std::string& what, const BootstrapOptions& options) {
  const std::string text = absl::StrCat("deltamirror_bootstrap: ", what);
  sqlite::Notice(text);
  if (copy::Progress(text, options.progress).enabled()) std::fprintf(stderr, "%s\n", text.c_str());
}

absl::Status CreateIndex(sqlite3* db, const postgres::Index& index, const std::string& name,
                         const copy::Target& target) {
  ASSIGN_OR_RETURN(const std::optional<Present> present, FindPresent(db, target.schema, name));
  if (present.has_value()) {
    // It stayed when the table was copied anew.
    if (present->type == "index" && absl::EqualsIgnoreCase(present->table, target.table)) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat("cannot make index \"", name, "\" of table \"", target.Shown(),
                                                 "\": there is ", present->type == "index" ? "an" : "a", " ",
                                                 present->type,
                                                 " of that name. Rename it, or leave out option "
                                                 "\"indexes\""));
  }
  const std::string columns =
      absl::StrJoin(index.columns, ", ", [](std::string* out, const postgres::IndexColumn& column) {
        absl::StrAppend(out, QuoteIdentifier(column.name), column.descending ? " DESC" : "");
      });
  return sqlite::Execute(
      db, absl::StrCat("CREATE ", index.unique ? "UNIQUE " : "", "INDEX ", QuoteQualified(target.schema, name), " ON ",
                       QuoteIdentifier(target.table), " (", columns, ")"));
}

}  // namespace

types::Relation MirroredShape(const types::Relation& relation, bool with_stored_generated) {
  types::Relation shape = relation;
  shape.columns.erase(std::remove_if(shape.columns.begin(), shape.columns.end(),
                                     [with_stored_generated](const types::Column& column) {
                                       return column.generated == "virtual" ||
                                              (!column.generated.empty() && !with_stored_generated);
                                     }),
                      shape.columns.end());
  return shape;
}

absl::Status PrepareMirroredTable(sqlite3* db, const copy::Target& target, const types::Relation& shape,
                                  const types::Overrides& overrides, bool again) {
  const copy::TableShape wanted = copy::ShapeOf(shape, overrides);
  ASSIGN_OR_RETURN(const std::optional<Present> present, FindPresent(db, target.schema, target.table));
  if (!present.has_value()) return copy::CreateTable(db, target, wanted);
  if (!again || present->type != "table") {
    return absl::AlreadyExistsError(absl::StrCat("cannot make table \"", target.Shown(), "\": there is ",
                                                 present->type == "index" ? "an" : "a", " ", present->type,
                                                 " of that name that is not the mirror's. Drop or rename it"));
  }
  ASSIGN_OR_RETURN(const std::vector<copy::TargetColumn> columns, copy::TargetColumns(db, target));
  if (HasShape(columns, wanted)) return sqlite::Execute(db, absl::StrCat("DELETE FROM ", target.Quoted()));
  RETURN_IF_ERROR(sqlite::Execute(db, absl::StrCat("DROP TABLE ", target.Quoted())));
  return copy::CreateTable(db, target, wanted);
}

absl::StatusOr<int64_t> CopyMirroredTable(sqlite3* db, postgres::Connection& connection,
                                          const postgres::CatalogTable& table, const types::Relation& shape,
                                          const copy::Target& target, const BootstrapOptions& options) {
  copy::Progress progress(absl::StrCat("deltamirror_bootstrap ", target.Shown()), options.progress);
  progress.set_expected(table.estimated_rows);
  copy::CopyOptions copy;
  const postgres::InterruptCheck& interrupt = connection.interrupt();
  copy.heartbeat = [&progress, &interrupt](int64_t rows) {
    progress.Tell(rows);
    return interrupt ? interrupt() : absl::OkStatus();
  };
  const copy::Source source = copy::SourceOf(shape, /*only=*/!table.partitioned, table.where);
  absl::StatusOr<int64_t> rows =
      copy::CopyRows(db, &connection, source, copy::AllFields(source, options.overrides), target, copy);
  if (rows.ok()) return rows;
  if (copy::WasInterrupted(rows.status(), interrupt)) return absl::CancelledError("interrupted");
  return Named(absl::StrCat("could not copy table \"", table.name(), "\""), rows.status());
}

absl::Status CopyIndexes(sqlite3* db, postgres::Connection& connection, const types::Relation& shape,
                         const copy::Target& target, const BootstrapOptions& options) {
  const std::vector<std::string> primary_key = copy::ShapeOf(shape, options.overrides).primary_key;
  ASSIGN_OR_RETURN(const std::vector<postgres::Index> indexes, postgres::ReadIndexes(connection, shape.relid));
  for (const postgres::Index& index : indexes) {
    const std::string name = types::TargetName(shape.schema, index.name);
    const std::string unfit = WhyUnfit(index, shape);
    if (!unfit.empty()) {
      TellLeftOut(absl::StrCat("index \"", name, "\" of table \"", target.Shown(), "\" is not made: ", unfit), options);
    } else if (Names(index) != primary_key) {
      RETURN_IF_ERROR(CreateIndex(db, index, name, target));
    }
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
