#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "postgres/schema.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/utf8.h"

namespace deltamirror::postgres {
namespace {

absl::Status Unfit(const CatalogTable& table, absl::string_view reason) {
  return absl::FailedPreconditionError(absl::StrCat("cannot mirror table \"", table.name(), "\": ", reason));
}

// "ALTER TABLE ops.crew ADD PRIMARY KEY (...), or ALTER TABLE ops.crew REPLICA IDENTITY FULL".
std::string Remedy(absl::string_view schema, absl::string_view table) {
  const std::string name = QuoteQualified(schema, table);
  return absl::StrCat("Use ALTER TABLE ", name, " ADD PRIMARY KEY (...), or ALTER TABLE ", name,
                      " REPLICA IDENTITY FULL");
}

// An SQL_ASCII database has names of any bytes.
absl::Status CheckUtf8(const CatalogTable& table) {
  if (!types::IsUtf8(table.name())) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot mirror table \"", absl::CHexEscape(table.name()), "\": its name is not UTF-8. Rename it"));
  }
  for (const types::Column& column : table.relation.columns) {
    if (!types::IsUtf8(column.name)) {
      return Unfit(table, absl::StrCat("the name of its column \"", absl::CHexEscape(column.name),
                                       "\" is not UTF-8. Rename it"));
    }
    if (!types::IsUtf8(column.type)) {
      return Unfit(
          table, absl::StrCat("the name of its type \"", absl::CHexEscape(column.type), "\" is not UTF-8. Rename it"));
    }
  }
  return absl::OkStatus();
}

// By their names in small letters.
using Seen = std::map<std::string, const CatalogTable*>;

absl::Status CheckOwnNames(const CatalogTable& table, Seen* tables) {
  RETURN_IF_ERROR(CheckUtf8(table));
  if (table.relation.columns.empty()) return Unfit(table, "it has no columns, and SQLite knows no such tables");
  if (absl::StartsWithIgnoreCase(table.name(), "sqlite_"))
    return Unfit(table, "SQLite keeps names that begin with \"sqlite_\" for itself");
  std::map<std::string, std::string> seen;
  for (const types::Column& column : table.relation.columns) {
    const auto [other, added] = seen.emplace(absl::AsciiStrToLower(column.name), column.name);
    if (!added) {
      return Unfit(table, absl::StrCat("its columns \"", other->second, "\" and \"", column.name,
                                       "\" differ only in case, which SQLite does not tell apart"));
    }
  }
  const auto [other, added] = tables->emplace(absl::AsciiStrToLower(table.name()), &table);
  if (added) return absl::OkStatus();
  const types::Relation& first = other->second->relation;
  return Unfit(table, absl::StrCat("SQLite does not tell its name apart from that of ",
                                   QuoteQualified(first.schema, first.table)));
}

absl::Status CheckKind(const CatalogTable& table) {
  if (table.unlogged) {
    return Unfit(table, absl::StrCat("it is unlogged, so its changes are not in the WAL. Use ALTER TABLE ",
                                     QuoteQualified(table.relation.schema, table.relation.table), " SET LOGGED"));
  }
  if (!table.is_root && !table.own_name) {
    return Unfit(table,
                 absl::StrCat("it is a partition, and its changes bear the name of \"", table.root, "\". Mirror that"));
  }
  return absl::OkStatus();
}

absl::string_view WhyNoKey(const types::Relation& relation) {
  if (relation.identity == types::Identity::kIndex) return "it has no replica identity index any more";
  for (const types::Column& column : relation.columns) {
    if (column.pk > 0) return "its primary key is DEFERRABLE";
  }
  return "it has no primary key";
}

absl::Status CheckIdentity(const CatalogTable& table) {
  const types::Relation& relation = table.relation;
  const std::string remedy = Remedy(relation.schema, relation.table);
  if (relation.identity == types::Identity::kNothing) {
    return Unfit(table, absl::StrCat("its replica identity is NOTHING, so that the WAL does not say which row an "
                                     "update or delete means. Use ALTER TABLE ",
                                     QuoteQualified(relation.schema, relation.table),
                                     " REPLICA IDENTITY DEFAULT (with a primary key) or FULL"));
  }
  bool has_key = relation.identity == types::Identity::kFull;
  for (const types::Column& column : relation.columns) has_key = has_key || column.key > 0;
  if (!has_key) {
    return Unfit(table, absl::StrCat(WhyNoKey(relation),
                                     ", so that the WAL does not say which row an update or delete means. ", remedy));
  }
  for (const Leaf& leaf : table.partitions) {
    const std::string name = types::TargetName(leaf.schema, leaf.table);
    if (leaf.foreign) return Unfit(table, absl::StrCat("its partition \"", name, "\" is a foreign table"));
    if (!leaf.has_key) {
      return Unfit(table, absl::StrCat("the replica identity of its partition \"", name,
                                       "\" does not say which row an update or delete means. ",
                                       Remedy(leaf.schema, leaf.table)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNames(const std::vector<CatalogTable>& tables) {
  Seen seen;
  for (const CatalogTable& table : tables) RETURN_IF_ERROR(CheckOwnNames(table, &seen));
  return absl::OkStatus();
}

absl::Status CheckMirrorable(const std::vector<CatalogTable>& tables) {
  Seen seen;
  for (const CatalogTable& table : tables) {
    RETURN_IF_ERROR(CheckKind(table));
    RETURN_IF_ERROR(CheckOwnNames(table, &seen));
    RETURN_IF_ERROR(CheckIdentity(table));
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::postgres
