#include "postgres/filter_names.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/column_row.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::postgres {
namespace {

using types::Column;
using types::Relation;
using types::TableFilter;

std::string AttributesQuery(const TableFilter& filter) {
  return absl::StrCat(
      "SELECT c.oid, c.relispartition, a.attname, a.attnum FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
      " WHERE c.relkind IN ('r', 'p') AND n.nspname = ",
      QuoteLiteral(filter.schema), " AND c.relname = ", QuoteLiteral(filter.table), " ORDER BY a.attnum");
}

absl::Status CheckListed(const TableFilter& filter) {
  if (!filter.columns.has_value()) return absl::OkStatus();
  for (const std::string& name : *filter.columns) {
    const bool found = std::any_of(filter.attributes.begin(), filter.attributes.end(),
                                   [&name](const auto& attribute) { return attribute.first == name; });
    if (!found) {
      return absl::NotFoundError(absl::StrCat("column \"", name, "\" of option \"filters\" does not exist in table \"",
                                              types::TargetName(filter.schema, filter.table), "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status FixNames(Connection& connection, TableFilter* filter) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute(AttributesQuery(*filter)));
  const std::string name = types::TargetName(filter->schema, filter->table);
  if (result.rows() == 0) {
    return absl::NotFoundError(absl::StrCat("table \"", name, "\" of option \"filters\" does not exist"));
  }
  if (result.text(0, 1) == "t") {
    return absl::FailedPreconditionError(absl::StrCat("table \"", name,
                                                      "\" of option \"filters\" is a partition, and "
                                                      "its changes have the filter of the partitioned table"));
  }
  filter->attributes.clear();
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(filter->relid, ReadNumber<uint32_t>(result, row, 0));
    if (result.is_null(row, 3)) continue;  // a table without columns
    ASSIGN_OR_RETURN(const int number, ReadNumber<int>(result, row, 3));
    filter->attributes.emplace_back(std::string(result.text(row, 2)), number);
  }
  return CheckListed(*filter);
}

// The listed columns of the table, by number.
std::set<int> ListedNumbers(const TableFilter& filter, const Relation& relation) {
  std::set<int> numbers;
  const auto listed = [&filter](const std::string& name) {
    return std::find(filter.columns->begin(), filter.columns->end(), name) != filter.columns->end();
  };
  if (filter.relid == relation.relid) {
    for (const auto& [name, number] : filter.attributes) {
      if (listed(name)) numbers.insert(number);
    }
    return numbers;
  }
  for (const Column& column : relation.columns) {
    if (listed(column.name)) numbers.insert(column.attnum);
  }
  return numbers;
}

const Column* Numbered(const Relation& relation, int number) {
  const auto found = std::find_if(relation.columns.begin(), relation.columns.end(),
                                  [number](const Column& column) { return column.attnum == number; });
  return found == relation.columns.end() ? nullptr : &*found;
}

// Whether the expression means the same in the table as it is now.
bool HasItsNames(const TableFilter& filter, const Relation& relation) {
  if (filter.relid != relation.relid) return true;
  if (filter.schema != relation.schema || filter.table != relation.table) return false;
  return std::all_of(filter.attributes.begin(), filter.attributes.end(), [&relation](const auto& attribute) {
    const Column* const now = Numbered(relation, attribute.second);
    return now == nullptr || now->name == attribute.first;
  });
}

}  // namespace

absl::Status FixFilterNames(Connection& connection, types::TableFilters* filters) {
  for (TableFilter& filter : filters->filters()) RETURN_IF_ERROR(FixNames(connection, &filter));
  return absl::OkStatus();
}

absl::Status KeepColumns(const std::set<int>& numbers, CatalogTable* table) {
  std::vector<Column>& columns = table->relation.columns;
  bool partial_key = false;
  for (const Column& column : columns) {
    if (numbers.count(column.attnum) > 0) continue;
    partial_key = partial_key || column.pk > 0;
    if (column.key == 0) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("cannot mirror table \"", table->name(), "\": column \"", column.name,
                     "\" is part of its replica identity, but not of its filter's columns. Add it to these"));
  }
  columns.erase(std::remove_if(columns.begin(), columns.end(),
                               [&numbers](const Column& column) { return numbers.count(column.attnum) == 0; }),
                columns.end());
  // A part of the primary key is none.
  if (partial_key) {
    for (Column& column : columns) column.pk = 0;
  }
  return absl::OkStatus();
}

absl::Status KeepFilteredColumns(const TableFilter& filter, CatalogTable* table) {
  if (!filter.columns.has_value()) return absl::OkStatus();
  return KeepColumns(ListedNumbers(filter, table->relation), table);
}

// Under their old names they are the columns of a row that is made for the purpose.
std::string FilterCondition(const TableFilter& filter, const Relation& relation) {
  if (filter.where.empty() || HasItsNames(filter, relation)) return filter.where;
  std::vector<std::string> values;
  std::vector<std::string> names;
  for (const auto& [name, number] : filter.attributes) {
    const Column* const now = Numbered(relation, number);
    if (now == nullptr) continue;
    values.push_back(QuoteQualified(relation.table, now->name));
    names.push_back(QuoteIdentifier(name));
  }
  return absl::StrCat("SELECT (", filter.where, "\n) FROM (VALUES (", absl::StrJoin(values, ", "), ")) AS ",
                      QuoteIdentifier(filter.table), " (", absl::StrJoin(names, ", "), ")");
}

}  // namespace deltamirror::postgres
