#include "verify/compared_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mirror/plan.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

using types::Column;
using types::Relation;

// By SQLite's rules (its documentation, "Datatypes In SQLite", 3.1). ANY is that of STRICT tables.
enum class Affinity : uint8_t { kInteger, kText, kNone, kReal, kNumeric };

Affinity AffinityOf(absl::string_view declared) {
  const std::string type = absl::AsciiStrToUpper(declared);
  if (absl::StrContains(type, "INT")) return Affinity::kInteger;
  for (const char* part : {"CHAR", "CLOB", "TEXT"}) {
    if (absl::StrContains(type, part)) return Affinity::kText;
  }
  if (type.empty() || type == "ANY" || absl::StrContains(type, "BLOB")) return Affinity::kNone;
  for (const char* part : {"REAL", "FLOA", "DOUB"}) {
    if (absl::StrContains(type, part)) return Affinity::kReal;
  }
  return Affinity::kNumeric;
}

// Nothing that a column of this affinity is given becomes something else. Real values are what a decoder of REAL gives.
bool KeepsValues(absl::string_view declared, const types::Mapping& mapping) {
  const Affinity affinity = AffinityOf(declared);
  return affinity == Affinity::kNone || affinity == AffinityOf(mapping.declared);
}

const Column* Counterpart(const Relation& relation, const Column& column, bool by_number) {
  for (const Column& other : relation.columns) {
    if (by_number ? other.attnum == column.attnum : other.name == column.name) return &other;
  }
  return nullptr;
}

// Fills a ComparedTable.
class Comparer {
 public:
  Comparer(const mirror::TableState& state, const mirror::TargetTable& target, const postgres::CatalogTable& source)
      : state_(state), target_(target), source_(source.relation) {
    table_.name = source.name();
    table_.partitioned = source.partitioned;
    table_.where = source.where;
    table_.target = QuoteQualified(target.schema, target.name);
    table_.choices = state.overrides;
  }

  absl::StatusOr<ComparedTable> Run() {
    ASSIGN_OR_RETURN(table_.overrides, types::Overrides::Parse(state_.overrides));
    table_.relation = source_;
    table_.relation.columns.clear();
    const std::vector<std::string> key = mirror::KeyColumns(source_);
    for (const std::string& name : key) {
      for (const Column& column : source_.columns) {
        if (column.name == name) RETURN_IF_ERROR(Add(column));
      }
    }
    if (table_.columns.size() != key.size()) {
      return absl::FailedPreconditionError(absl::StrCat("the key of table \"", table_.name,
                                                        "\" changed in PostgreSQL, of which the stream has not told "
                                                        "yet"));
    }
    table_.key_columns = key.size();
    for (const Column& column : source_.columns) {
      if (std::find(key.begin(), key.end(), column.name) == key.end()) RETURN_IF_ERROR(Add(column));
    }
    AddDropped();
    return std::move(table_);
  }

 private:
  // A table that was dropped and made again has other columns under the old numbers.
  bool ByNumber() const { return state_.relation.relid == source_.relid; }
  bool ShapeIsKnown() const { return !state_.relation.columns.empty(); }

  absl::Status Add(const Column& column) {
    if (column.generated == "virtual") return absl::OkStatus();
    const Column* known = ShapeIsKnown() ? Counterpart(state_.relation, column, ByNumber()) : &column;
    if (known == nullptr) {
      // The stream need not bring a generated column, and a mirror need not have it.
      if (column.generated.empty()) table_.awaited.push_back(column.name);
      return absl::OkStatus();
    }
    const mirror::TargetColumn* found = target_.Find(known->name);
    if (found == nullptr) {
      if (!column.generated.empty()) return absl::OkStatus();
      return absl::FailedPreconditionError(
          absl::StrCat("table \"", target_.name, "\" has no column \"", known->name, "\""));
    }
    const types::Mapping mapping = types::MappingFor(column, table_.overrides);
    table_.converts = table_.converts || !KeepsValues(found->declared, mapping);
    table_.relation.columns.push_back(column);
    table_.columns.push_back({found->name, found->declared, mapping});
    return absl::OkStatus();
  }

  void AddDropped() {
    for (const Column& column : state_.relation.columns) {
      if (!column.generated.empty() && target_.Find(column.name) == nullptr) continue;
      if (Counterpart(source_, column, ByNumber()) == nullptr) table_.awaited.push_back(column.name);
    }
  }

  const mirror::TableState& state_;
  const mirror::TargetTable& target_;
  const Relation& source_;
  ComparedTable table_;
};

}  // namespace

void ComparedTable::Encode(const std::vector<types::Value>& values, EncodedRow* row) const {
  row->bytes.clear();
  row->key_size = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    AppendValue(values[i], &row->bytes);
    if (i + 1 == key_columns) row->key_size = row->bytes.size();
  }
}

absl::StatusOr<ComparedTable> Compare(const mirror::TableState& state, const mirror::TargetTable& target,
                                      const postgres::CatalogTable& source) {
  return Comparer(state, target, source).Run();
}

}  // namespace deltamirror::verify
