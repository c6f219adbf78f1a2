#include "copy/import.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/copy_rows.h"
#include "copy/interrupted.h"
#include "copy/progress.h"
#include "copy/since.h"
#include "copy/source.h"
#include "copy/target.h"
#include "sqlite/statement.h"
#include "sqlite/transaction.h"
#include "status/status_macros.h"
#include "types/catalog.h"
#include "types/utf8.h"

namespace deltamirror::copy {
namespace {

using Mode = ImportOptions::Mode;

std::string Listed(const std::vector<std::string>& names) {
  return absl::StrCat("\"", absl::StrJoin(names, "\", \""), "\"");
}

// An override that no column can need is a slip of the pen, unless it names a type of PostgreSQL's own.
absl::Status CheckOverrides(const Source& source, const types::Overrides& overrides) {
  for (const std::string& named : overrides.types()) {
    bool known = named == "array" || types::IsKnownTypeName(named);
    std::vector<std::string> present;
    for (const types::Column& column : source.columns) {
      known = known || absl::EqualsIgnoreCase(column.type, named) ||
              !overrides.TargetFor(column.type, column.oid, column.elem).empty();
      present.push_back(column.type);
    }
    if (!known) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unknown type \"", named, "\" in option \"types\", but the query's columns are of type ", Listed(present)));
    }
  }
  return absl::OkStatus();
}

std::optional<size_t> FindColumn(const Source& source, absl::string_view name) {
  for (size_t i = 0; i < source.columns.size(); ++i) {
    if (absl::EqualsIgnoreCase(source.columns[i].name, name)) return i;
  }
  return std::nullopt;
}

// Option `columns`: names that are all the source's choose from its columns, others rename them in their order.
absl::StatusOr<std::vector<Field>> NamedFields(const Source& source, const ImportOptions& options) {
  std::vector<Field> fields;
  for (const auto& [name, type] : options.columns) {
    const std::optional<size_t> found = FindColumn(source, name);
    if (found) fields.push_back({*found, name, {}});
  }
  if (fields.size() != options.columns.size()) {
    fields.clear();
    if (source.columns.size() != options.columns.size()) {
      std::vector<std::string> names;
      for (const types::Column& column : source.columns) names.push_back(column.name);
      return absl::InvalidArgumentError(absl::StrCat("option \"columns\" gives ", options.columns.size(),
                                                     " new names, expected ", source.columns.size(),
                                                     ", or only names among ", Listed(names)));
    }
    for (size_t i = 0; i < options.columns.size(); ++i) fields.push_back({i, options.columns[i].first, {}});
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const types::Column& column = source.columns[fields[i].source];
    fields[i].mapping = types::MappingFor(column, options.types);
    // A column that shall be text holds what PostgreSQL prints, not what SQLite makes of a number.
    if (absl::EqualsIgnoreCase(options.columns[i].second, "text")) {
      ASSIGN_OR_RETURN(const types::Overrides text, types::Overrides::Parse({{column.type, "text"}}));
      fields[i].mapping = types::MappingFor(column, text);
    }
  }
  return fields;
}

// An SQL_ASCII database has names of any bytes.
absl::Status CheckNames(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (types::IsUtf8(field.name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the name of column \"", absl::CHexEscape(field.name),
                     "\" is not UTF-8. Rename it with AS in a query, or give the names with option \"columns\""));
  }
  return absl::OkStatus();
}

// One import, from the options to the rows.
class Importer {
 public:
  Importer(sqlite3* db, postgres::Connection* connection, const ImportOptions& options, Target target, Source source)
      : db_(db),
        connection_(connection),
        options_(options),
        target_(std::move(target)),
        source_(std::move(source)),
        progress_(absl::StrCat("pg_import ", target_.Shown()), options.progress) {}

  absl::StatusOr<int64_t> Run(const postgres::InterruptCheck& interrupt);

 private:
  absl::Status Begin();
  absl::Status PrepareTarget();
  absl::Status CheckColumns(const std::vector<TargetColumn>& columns) const;
  absl::StatusOr<std::vector<std::string>> Key(const std::vector<TargetColumn>& columns) const;
  absl::Status Create();
  absl::Status NarrowToNew();
  absl::Status Estimate();

  sqlite3* const db_;
  postgres::Connection* const connection_;
  const ImportOptions& options_;
  const Target target_;
  Source source_;
  Progress progress_;

  std::vector<Field> fields_;
  std::vector<std::string> replace_key_;
  std::optional<Since> since_;
  std::optional<sqlite::Scope> scope_;
};

absl::Status Importer::Begin() {
  ASSIGN_OR_RETURN(sqlite::Scope scope, sqlite::Scope::Begin(db_));
  scope_.emplace(std::move(scope));
  return absl::OkStatus();
}

absl::Status Importer::CheckColumns(const std::vector<TargetColumn>& columns) const {
  std::vector<std::string> missing;
  for (const Field& field : fields_) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&field](const TargetColumn& column) {
      return absl::EqualsIgnoreCase(column.name, field.name);
    });
    if (found == columns.end()) {
      missing.push_back(field.name);
    } else if (found->generated) {
      return absl::InvalidArgumentError(absl::StrCat("cannot write to column \"", found->name, "\" of table \"",
                                                     target_.Shown(),
                                                     "\": it is generated. Leave it out of the query"));
    }
  }
  if (missing.empty()) return absl::OkStatus();
  std::vector<std::string> present;
  for (const TargetColumn& column : columns) present.push_back(column.name);
  return absl::InvalidArgumentError(absl::StrCat("table \"", target_.Shown(), "\" has no column ", Listed(missing),
                                                 ", expected the query's columns among ", Listed(present)));
}

absl::StatusOr<std::vector<std::string>> Importer::Key(const std::vector<TargetColumn>& columns) const {
  std::vector<std::string> key = options_.primary_key;
  if (key.empty()) {
    for (int place = 1; place <= static_cast<int>(columns.size()); ++place) {
      for (const TargetColumn& column : columns) {
        if (column.pk == place) key.push_back(column.name);
      }
    }
  }
  if (key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("table \"", target_.Shown(),
                                                   "\" has no primary key to replace rows by. Name the columns of a "
                                                   "unique key with option \"primary_key\""));
  }
  for (const std::string& name : key) {
    const bool found = std::any_of(fields_.begin(), fields_.end(),
                                   [&name](const Field& field) { return absl::EqualsIgnoreCase(field.name, name); });
    if (!found) {
      return absl::InvalidArgumentError(absl::StrCat("key column \"", name, "\" of table \"", target_.Shown(),
                                                     "\" is not among the query's columns"));
    }
  }
  return key;
}

absl::Status Importer::Create() {
  TableShape shape;
  shape.primary_key = options_.primary_key;
  shape.without_rowid = options_.without_rowid;
  shape.strict = options_.strict;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const types::Mapping& mapping = fields_[i].mapping;
    const absl::string_view type = !options_.columns.empty() ? absl::string_view(options_.columns[i].second)
                                   : options_.strict         ? mapping.strict
                                                             : mapping.declared;
    shape.columns.push_back({fields_[i].name, std::string(type), /*not_null=*/false});
  }
  return CreateTable(db_, target_, shape);
}

// Makes the table or finds that it fits, as the mode says.
absl::Status Importer::PrepareTarget() {
  ASSIGN_OR_RETURN(std::vector<TargetColumn> columns, TargetColumns(db_, target_));
  if (columns.empty()) {
    if (options_.mode == Mode::kAppend) {
      return absl::NotFoundError(
          absl::StrCat("no table \"", target_.Shown(), "\" to append to. Use mode \"auto\" to have it made"));
    }
    RETURN_IF_ERROR(Create());
    ASSIGN_OR_RETURN(columns, TargetColumns(db_, target_));
  } else if (options_.mode == Mode::kCreate) {
    return absl::AlreadyExistsError(absl::StrCat("table \"", target_.Shown(),
                                                 "\" already exists. Use another mode "
                                                 "than \"create\" to write to it"));
  } else {
    RETURN_IF_ERROR(CheckColumns(columns));
  }
  if (options_.mode == Mode::kReplace || options_.check) {
    ASSIGN_OR_RETURN(replace_key_, Key(columns));
  }
  if (options_.mode == Mode::kRefresh) return sqlite::Execute(db_, absl::StrCat("DELETE FROM ", target_.Quoted()));
  return absl::OkStatus();
}

absl::Status Importer::NarrowToNew() {
  if (options_.since.empty()) return absl::OkStatus();
  const std::optional<size_t> column = FindColumn(source_, options_.since);
  if (!column) {
    return absl::InvalidArgumentError(
        absl::StrCat("column \"", options_.since, "\" of option \"since\" is not among the query's columns"));
  }
  since_.emplace(db_, target_, source_.columns[*column].name);
  return since_->Narrow(connection_, &source_);
}

absl::Status Importer::Estimate() {
  if (!progress_.enabled() || source_.table.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection_->Query("SELECT reltuples::pg_catalog.int8 FROM pg_catalog.pg_class "
                                      "WHERE oid = pg_catalog.to_regclass($1)",
                                      {source_.table}));
  int64_t rows = 0;
  if (result.rows() == 1 && absl::SimpleAtoi(result.text(0, 0), &rows)) progress_.set_expected(rows);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Importer::Run(const postgres::InterruptCheck& interrupt) {
  RETURN_IF_ERROR(CheckOverrides(source_, options_.types));
  if (options_.columns.empty()) {
    fields_ = AllFields(source_, options_.types);
  } else {
    ASSIGN_OR_RETURN(fields_, NamedFields(source_, options_));
  }
  RETURN_IF_ERROR(CheckNames(fields_));
  RETURN_IF_ERROR(Estimate());
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(PrepareTarget());
  RETURN_IF_ERROR(NarrowToNew());
  CopyOptions copy;
  copy.null = options_.null;
  copy.replace_key = replace_key_;
  copy.check = options_.check;
  copy.heartbeat = [this, &interrupt](int64_t rows) {
    progress_.Tell(rows);
    return interrupt ? interrupt() : absl::OkStatus();
  };
  copy.pause_every = options_.commit_every;
  copy.pause = [this]() -> absl::Status {
    RETURN_IF_ERROR(scope_->Commit());
    return Begin();
  };
  ASSIGN_OR_RETURN(const int64_t rows, CopyRows(db_, connection_, source_, fields_, target_, copy));
  if (since_) RETURN_IF_ERROR(since_->Save());
  RETURN_IF_ERROR(scope_->Commit());
  return rows;
}

}  // namespace

absl::StatusOr<int64_t> Import(sqlite3* db, const std::string& conninfo, absl::string_view query,
                               absl::string_view table, const ImportOptions& options,
                               const postgres::InterruptCheck& interrupt) {
  if (options.commit_every > 0 || sqlite::InAutocommit(db)) {
    RETURN_IF_ERROR(sqlite::CheckMayBegin(db, options.commit_every > 0 ? "option \"commit_every\"" : "pg_import"));
  }
  ASSIGN_OR_RETURN(Target target, FindTarget(db, table));
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(conninfo, {.interrupt = interrupt}));
  // One snapshot for what `since` asks and for the rows.
  RETURN_IF_ERROR(connection.Begin(options.since.empty() ? "" : "ISOLATION LEVEL REPEATABLE READ"));
  ASSIGN_OR_RETURN(Source source, DescribeSource(connection, query));
  Importer importer(db, &connection, options, std::move(target), std::move(source));
  absl::StatusOr<int64_t> rows = importer.Run(interrupt);
  if (WasInterrupted(rows.status(), interrupt)) return absl::CancelledError("interrupted");
  if (!rows.ok()) return rows;
  RETURN_IF_ERROR(connection.Execute("COMMIT").status());
  return rows;
}

}  // namespace deltamirror::copy
