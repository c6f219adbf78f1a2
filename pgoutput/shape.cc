#include "pgoutput/shape.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "types/oids.h"
#include "types/table_list.h"

namespace deltamirror::pgoutput {
namespace {

types::Identity IdentityOf(char relreplident) {
  switch (relreplident) {
    case 'i':
      return types::Identity::kIndex;
    case 'f':
      return types::Identity::kFull;
    case 'n':
      return types::Identity::kNothing;
    default:
      return types::Identity::kDefault;
  }
}

const types::Column* FindColumn(const types::Relation* relation, const std::string& name) {
  if (relation == nullptr) return nullptr;
  const auto found = std::find_if(relation->columns.begin(), relation->columns.end(),
                                  [&](const types::Column& column) { return column.name == name; });
  return found == relation->columns.end() ? nullptr : &*found;
}

// What format_type prints for a type that is gone, unless a Type message has named it.
std::string NameOfLostType(uint32_t type, const TypeNames& names) {
  const auto found = names.find(type);
  if (found == names.end()) return "???";
  return types::TargetName(found->second.schema, found->second.name);
}

void SetType(const RelationColumn& column, const TypeFacts& facts, const TypeNames& names, types::Column* out) {
  out->type = facts.name.empty() ? NameOfLostType(column.type, names) : facts.name;
  out->oid = facts.base != 0 ? facts.base : column.type;
  out->elem = facts.elem;
}

// Of another type than now, the table has been rewritten since, and all its rows have values.
void SetFromCatalog(const types::Column& known, types::Column* out) {
  out->attnum = known.attnum;
  out->pk = known.pk;
  out->not_null = known.not_null;
  out->generated = known.generated;
  if (known.oid != out->oid) return;
  out->missing = known.missing;
  // As the values of the stream are written.
  if (out->oid == types::kBool && out->missing.has_value() && !out->missing->empty()) {
    out->missing = out->missing->front() == 't' || out->missing->front() == '1' ? "1" : "0";
  }
}

// The places in the replica identity: the catalog's, if it has the same columns in it.
void SetKeys(const RelationMessage& message, const types::Relation* known, types::Relation* out) {
  if (out->identity == types::Identity::kFull || out->identity == types::Identity::kNothing) return;
  bool same = known != nullptr;
  for (const RelationColumn& column : message.columns) {
    const types::Column* const now = FindColumn(known, column.name);
    if ((now != nullptr && now->key > 0) != column.in_key) same = false;
  }
  int next = 1;
  for (size_t i = 0; i < message.columns.size(); ++i) {
    if (!message.columns[i].in_key) continue;
    out->columns[i].key = same ? FindColumn(known, message.columns[i].name)->key : next++;
  }
}

// Gives numbers to the columns that the catalog does not have by name. Columns stand in the order of their numbers.
class Numbering {
 public:
  Numbering(const types::Relation* known, const types::Relation* last, std::vector<types::Column>* columns)
      : known_(known), last_(last), columns_(columns) {
    for (const types::Column& column : *columns_) used_.insert(column.attnum);
  }

  void Fill() {
    for (size_t i = 0; i < columns_->size(); ++i) {
      types::Column& column = (*columns_)[i];
      if (column.attnum != 0) continue;
      column.attnum = NumberFor(i);
      used_.insert(column.attnum);
    }
  }

 private:
  int NumberFor(size_t i) const {
    const int above = i == 0 ? 0 : (*columns_)[i - 1].attnum;
    if (const types::Column* const before = FindColumn(last_, (*columns_)[i].name)) {
      if (IsFree(before->attnum)) return before->attnum;
    }
    if (known_ != nullptr) {
      // Renamed: the next column there that the message does not have by its name.
      const int below = NextNumber(i);
      for (const types::Column& now : known_->columns) {
        const bool between = now.attnum > above && (below == 0 || now.attnum < below);
        if (between && IsFree(now.attnum) && now.generated.empty() && now.oid == (*columns_)[i].oid) return now.attnum;
      }
    }
    return FreeAbove(above);
  }

  // Of the next column that has one; 0: there is none.
  int NextNumber(size_t i) const {
    for (++i; i < columns_->size(); ++i) {
      if ((*columns_)[i].attnum != 0) return (*columns_)[i].attnum;
    }
    return 0;
  }

  // A column that was dropped since has a number that no column has now.
  int FreeAbove(int number) const {
    while (!IsFree(++number) || IsKnown(number)) {
    }
    return number;
  }

  bool IsFree(int number) const { return used_.count(number) == 0; }

  bool IsKnown(int number) const {
    if (known_ == nullptr) return false;
    return std::any_of(known_->columns.begin(), known_->columns.end(),
                       [number](const types::Column& column) { return column.attnum == number; });
  }

  const types::Relation* const known_;
  const types::Relation* const last_;
  std::vector<types::Column>* const columns_;
  std::set<int> used_;
};

void AddVirtualColumns(const types::Relation* known, types::Relation* out) {
  if (known == nullptr) return;
  for (const types::Column& column : known->columns) {
    if (column.generated == "virtual" && FindColumn(out, column.name) == nullptr) out->columns.push_back(column);
  }
  std::stable_sort(out->columns.begin(), out->columns.end(),
                   [](const types::Column& a, const types::Column& b) { return a.attnum < b.attnum; });
}

}  // namespace

absl::StatusOr<types::Relation> MakeShape(const RelationMessage& message, const CatalogEntry& entry,
                                          const types::Relation* last, const TypeNames& names) {
  if (!entry.types.empty() && entry.types.size() != message.columns.size()) {
    return absl::DataLossError(absl::StrCat("the server's catalog gave ", entry.types.size(), " types for table \"",
                                            types::TargetName(message.schema, message.table), "\", expected ",
                                            message.columns.size()));
  }
  const types::Relation* const known = entry.relation.has_value() ? &*entry.relation : nullptr;
  types::Relation shape;
  shape.schema = message.schema;
  shape.table = message.table;
  shape.relid = message.relid;
  shape.identity = IdentityOf(message.identity);
  for (size_t i = 0; i < message.columns.size(); ++i) {
    types::Column& column = shape.columns.emplace_back();
    column.name = message.columns[i].name;
    SetType(message.columns[i], entry.types.empty() ? TypeFacts() : entry.types[i], names, &column);
    const types::Column* const now = FindColumn(known, column.name);
    if (now != nullptr) SetFromCatalog(*now, &column);
  }
  SetKeys(message, known, &shape);
  Numbering(known, last, &shape.columns).Fill();
  AddVirtualColumns(known, &shape);
  return shape;
}

}  // namespace deltamirror::pgoutput
