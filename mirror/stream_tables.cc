#include "mirror/stream_tables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/statement_text.h"
#include "postgres/filter_names.h"
#include "postgres/slot_record.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using postgres::CatalogTable;
using postgres::PublishedTable;
using types::TableList;

// An older daystream does not say which publication it is of.
absl::StatusOr<std::string> PublicationName(postgres::Connection& connection, const daystream::SourceInfo& info) {
  if (!info.publication.empty()) return info.publication;
  ASSIGN_OR_RETURN(const postgres::SlotRecord record, postgres::RecallSlot(connection, info.slot));
  return record.publication.empty() ? info.slot : record.publication;
}

absl::Status CheckPublishesAll(const postgres::Publication& publication) {
  if (publication.options.left_out.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "publication \"", publication.name, "\" does not publish ", absl::StrJoin(publication.options.left_out, " and "),
      ", so that a mirror would not stay equal. Use ALTER "
      "PUBLICATION ",
      QuoteIdentifier(publication.name), " SET (publish = 'insert, update, delete, truncate')"));
}

bool IsNamed(const TableList& list, const PublishedTable& table) {
  return std::any_of(list.entries().begin(), list.entries().end(), [&table](const TableList::Entry& entry) {
    return entry.table == table.table && entry.schema == table.schema;
  });
}

}  // namespace

absl::StatusOr<StreamTables> StreamTables::Read(postgres::Connection& connection, const std::string& source,
                                                const std::optional<daystream::SourceInfo>& info) {
  ASSIGN_OR_RETURN(StreamTables tables, Recorded(source, info));
  if (!info.has_value() || info->plugin != "pgoutput") return tables;
  ASSIGN_OR_RETURN(const std::string name, PublicationName(connection, *info));
  ASSIGN_OR_RETURN(tables.publication_, postgres::ReadPublication(connection, name));
  return tables;
}

absl::StatusOr<StreamTables> StreamTables::Recorded(const std::string& source,
                                                    const std::optional<daystream::SourceInfo>& info) {
  StreamTables tables(source);
  if (!info.has_value()) return tables;
  tables.asked_ = info->tables;
  if (!info->tables.empty()) {
    ASSIGN_OR_RETURN(tables.tables_, TableList::Parse(info->tables));
  }
  if (info->plugin != "pgoutput") {
    ASSIGN_OR_RETURN(tables.filters_, types::TableFilters::Parse(info->filters));
  }
  return tables;
}

absl::Status StreamTables::CheckCovered(const CatalogTable& table) const {
  const std::string what = absl::StrCat("daystream \"", source_, "\" does not have table \"", table.name(), "\": ");
  if (!tables_.Matches(table.relation.schema, table.relation.table)) {
    return absl::FailedPreconditionError(absl::StrCat(what, "its slot's tables are \"", asked_, "\""));
  }
  // Why a partition of one that is published is not mirrored, and an unlogged table, is told later.
  if (!publication_.has_value() || publication_->Find(table.relation.relid) != nullptr) return absl::OkStatus();
  if (table.unlogged || (!table.is_root && publication_->options.via_root)) return absl::OkStatus();
  if (table.partitioned && !publication_->options.via_root) {
    return absl::FailedPreconditionError(absl::StrCat(
        what, "publication \"", publication_->name,
        "\" publishes the changes of partitions under their own names. Mirror these, or make a publication "
        "WITH (publish_via_partition_root = true) and a slot for it"));
  }
  return absl::FailedPreconditionError(absl::StrCat(what, "it is not in publication \"", publication_->name, "\""));
}

// The list with names instead of wildcards.
absl::StatusOr<TableList> StreamTables::Named(const TableList& list) const {
  std::vector<std::string> names;
  for (const TableList::Entry& entry : list.entries()) {
    if (entry.table.has_value()) names.push_back(QuoteQualified(*entry.schema, *entry.table));
  }
  for (const PublishedTable& table : publication_->tables) {
    const bool wanted = list.Matches(table.schema, table.table) && tables_.Matches(table.schema, table.table);
    if (wanted && !IsNamed(list, table)) names.push_back(QuoteQualified(table.schema, table.table));
  }
  if (!names.empty()) return TableList::Parse(absl::StrJoin(names, ","));
  // All of no tables are none, as where there is no publication.
  if (list.entries() == TableList().entries()) return list;
  return absl::NotFoundError(
      absl::StrCat("publication \"", publication_->name, "\" has none of the tables ", list.ToString()));
}

absl::StatusOr<std::vector<CatalogTable>> StreamTables::Choose(postgres::Connection& connection,
                                                               const TableList& list) const {
  TableList named = list;
  if (publication_.has_value()) {
    RETURN_IF_ERROR(CheckPublishesAll(*publication_));
    ASSIGN_OR_RETURN(named, Named(list));
  }
  ASSIGN_OR_RETURN(std::vector<CatalogTable> tables, postgres::ReadTables(connection, named));
  RETURN_IF_ERROR(Restrict(&tables));
  return tables;
}

absl::Status StreamTables::Restrict(std::vector<CatalogTable>* tables) const {
  for (CatalogTable& table : *tables) {
    RETURN_IF_ERROR(CheckCovered(table));
    RETURN_IF_ERROR(KeepStreamed(&table));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CatalogTable>> StreamTables::All(postgres::Connection& connection) const {
  ASSIGN_OR_RETURN(std::vector<CatalogTable> tables, publication_.has_value()
                                                         ? Choose(connection, tables_)
                                                         : postgres::ReadTables(connection, TableList()));
  tables.erase(std::remove_if(tables.begin(), tables.end(),
                              [this](const CatalogTable& table) {
                                return !tables_.Matches(table.relation.schema, table.relation.table);
                              }),
               tables.end());
  return tables;
}

absl::Status StreamTables::KeepStreamed(CatalogTable* table) const {
  const types::Relation& relation = table->relation;
  if (publication_.has_value()) {
    const PublishedTable* const published = publication_->Find(relation.relid);
    return published == nullptr ? absl::OkStatus() : postgres::KeepPublished(publication_->options, *published, table);
  }
  const types::TableFilter* const filter = filters_.Find(relation.relid, relation.schema, relation.table);
  if (filter == nullptr) return absl::OkStatus();
  if (!copy::StaysInParentheses(filter->where)) {
    return absl::InvalidArgumentError(absl::StrCat("the filter of table \"", table->name(), "\" in daystream \"",
                                                   source_, "\" is \"", filter->where, "\", expected one expression"));
  }
  table->where = postgres::FilterCondition(*filter, relation);
  return postgres::KeepFilteredColumns(*filter, table);
}

}  // namespace deltamirror::mirror
