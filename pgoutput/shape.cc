#include "pgoutput/shape.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
  out->pk = known.pk;
  out->not_null = known.not_null;
  out->generated = known.generated;
  if (known.oid != out->oid) return;
  out->missing = known.missing;
  // As the values of the stream are written.
  if (out->oid == types::kBool && out->missing.has_value() && !out->missing->empty()) {
    out->missing->assign(1, out->missing->front() == 't' || out->missing->front() == '1' ? '1' : '0');
  }
}

// The places in the replica identity: the catalog's, if it has the same columns in it. `now`: the message's columns as
// they are now, null for those that are gone.
void SetKeys(const RelationMessage& message, const std::vector<const types::Column*>& now, types::Relation* out) {
  if (out->identity == types::Identity::kFull || out->identity == types::Identity::kNothing) return;
  bool same = true;
  for (size_t i = 0; i < now.size(); ++i) {
    if ((now[i] != nullptr && now[i]->key > 0) != message.columns[i].in_key) same = false;
  }
  int next = 1;
  for (size_t i = 0; i < now.size(); ++i) {
    if (message.columns[i].in_key) out->columns[i].key = same ? now[i]->key : next++;
  }
}

// A column that the table has now, or one that has been dropped.
struct Place {
  int number = 0;
  const types::Column* now = nullptr;      // null: dropped
  const DroppedColumn* dropped = nullptr;  // by the message's own transaction
};
using Places = std::vector<Place>;

// Those that the table had at the end of the message's transaction, or (`before`) before it dropped some itself.
Places PlacesOf(const CatalogEntry& entry, const std::set<absl::string_view>& names, bool before) {
  Places places;
  for (const types::Column& column : entry.relation->columns) {
    // Its values come now (DROP EXPRESSION, a longer column list), but perhaps not yet.
    if (entry.hidden_before.count(column.attnum) > 0 && names.count(column.name) == 0) continue;
    const bool comes = column.generated.empty() || (column.generated == "stored" && entry.with_generated);
    if (comes) places.push_back({column.attnum, &column});
  }
  for (const int number : entry.dropped_since) {
    if (entry.hidden_before.count(number) == 0) places.push_back({number});
  }
  for (const DroppedColumn& column : entry.dropped_within) {
    if (before && entry.hidden_before.count(column.number) == 0) places.push_back({column.number, nullptr, &column});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.number < b.number; });
  return places;
}

// Whether the column may have been that of the message. Its name may be another now, unless one of the two names is
// another column's.
bool MayBe(const Place& place, size_t i, const RelationMessage& message, const CatalogEntry& entry,
           const std::set<absl::string_view>& names) {
  const RelationColumn& column = message.columns[i];
  if (place.dropped != nullptr) {
    return place.dropped->typmod == column.typmod &&
           (entry.types.empty() || entry.types[i].length == 0 || entry.types[i].length == place.dropped->length);
  }
  // Dropped, and perhaps another was added under its name.
  if (place.now == nullptr || place.now->name == column.name) return true;
  return names.count(place.now->name) == 0 && FindColumn(&*entry.relation, column.name) == nullptr;
}

Places PlacesByName(const RelationMessage& message, const CatalogEntry& entry) {
  Places places;
  for (const RelationColumn& column : message.columns) {
    const types::Column* const now = entry.relation.has_value() ? FindColumn(&*entry.relation, column.name) : nullptr;
    places.push_back({now == nullptr ? 0 : now->attnum, now});
  }
  return places;
}

std::set<absl::string_view> NamesOf(const RelationMessage& message) {
  std::set<absl::string_view> names;
  for (const RelationColumn& column : message.columns) names.insert(column.name);
  return names;
}

bool MayBe(const Places& places, const RelationMessage& message, const CatalogEntry& entry) {
  const std::set<absl::string_view> names = NamesOf(message);
  for (size_t i = 0; i < places.size(); ++i) {
    if (!MayBe(places[i], i, message, entry, names)) return false;
  }
  return true;
}

// The first of the places, as many as the message has columns; none if there are fewer.
Places FirstPlaces(const RelationMessage& message, const CatalogEntry& entry, bool before) {
  Places places = PlacesOf(entry, NamesOf(message), before);
  if (places.size() < message.columns.size()) return {};
  places.resize(message.columns.size());
  return places;
}

// Whether the columns may be those that have the message's names now: these are there, and in the same order.
bool NamesMayDecide(const RelationMessage& message, const CatalogEntry& entry) {
  int last = 0;
  for (const Place& place : PlacesByName(message, entry)) {
    if (place.number <= last) return false;
    last = place.number;
  }
  return true;
}

bool HasDropped(const Places& places) {
  return std::any_of(places.begin(), places.end(), [](const Place& place) { return place.dropped != nullptr; });
}

// Of a message whose transaction has dropped columns: it has come before that, or after it.
Places FindPlacesAmongDropped(const RelationMessage& message, const CatalogEntry& entry, bool* doubtful) {
  const auto fit = [&](bool before) {
    Places places = FirstPlaces(message, entry, before);
    return MayBe(places, message, entry) ? places : Places();
  };
  Places after = fit(false);
  Places before = fit(true);
  if (!HasDropped(before)) return after;
  *doubtful = !after.empty();
  return before;
}

// The places of the message's columns, if they are those that come first; else none.
Places FindPlaces(const RelationMessage& message, const CatalogEntry& entry, bool* doubtful) {
  if (!entry.relation.has_value()) return {};
  if (!entry.dropped_within.empty()) return FindPlacesAmongDropped(message, entry, doubtful);
  Places places = FirstPlaces(message, entry, false);
  if (MayBe(places, message, entry)) return places;
  // Names have been swapped since, or one has another's, unless columns are left out that are not known to be.
  if (!entry.in_order && PlacesOf(entry, NamesOf(message), false).size() > places.size()) return {};
  *doubtful = NamesMayDecide(message, entry);
  return places;
}

// Gives numbers to the columns that have none.
void FillNumbers(const CatalogEntry& entry, const types::Relation* last, types::Relation* out) {
  const types::Relation* const known = entry.relation.has_value() ? &*entry.relation : nullptr;
  std::set<int> taken = entry.hidden_before;
  for (const types::Column& column : out->columns) taken.insert(column.attnum);
  if (known != nullptr) {
    for (const types::Column& column : known->columns) taken.insert(column.attnum);
  }
  int number = 0;
  for (types::Column& column : out->columns) {
    if (column.attnum == 0) {
      const types::Column* const before = FindColumn(last, column.name);
      column.attnum = before != nullptr ? before->attnum : number + 1;
      while (taken.count(column.attnum) > 0) ++column.attnum;
      taken.insert(column.attnum);
    }
    number = column.attnum;
  }
}

// Of which the publication leaves columns out: a part of the primary key is none.
void ClearPartialPrimaryKey(const types::Relation* known, types::Relation* out) {
  if (known == nullptr) return;
  const auto is_missing = [out](const types::Column& column) {
    return column.pk > 0 &&
           std::none_of(out->columns.begin(), out->columns.end(),
                        [&column](const types::Column& other) { return other.attnum == column.attnum; });
  };
  if (std::none_of(known->columns.begin(), known->columns.end(), is_missing)) return;
  for (types::Column& column : out->columns) column.pk = 0;
}

void AddVirtualColumns(const types::Relation* known, types::Relation* out) {
  if (known == nullptr) return;
  for (const types::Column& column : known->columns) {
    if (column.generated == "virtual" && FindColumn(out, column.name) == nullptr) out->columns.push_back(column);
  }
  std::stable_sort(out->columns.begin(), out->columns.end(),
                   [](const types::Column& a, const types::Column& b) { return a.attnum < b.attnum; });
}

}  // namespace

absl::StatusOr<Shape> MakeShape(const RelationMessage& message, const CatalogEntry& entry, const types::Relation* last,
                                const TypeNames& names) {
  if (!entry.types.empty() && entry.types.size() != message.columns.size()) {
    return absl::DataLossError(absl::StrCat("the server's catalog gave ", entry.types.size(), " types for table \"",
                                            types::TargetName(message.schema, message.table), "\", expected ",
                                            message.columns.size()));
  }
  Shape result;
  Places places = FindPlaces(message, entry, &result.doubtful);
  if (places.empty()) places = PlacesByName(message, entry);
  types::Relation& shape = result.relation;
  shape.schema = message.schema;
  shape.table = message.table;
  shape.relid = message.relid;
  shape.identity = IdentityOf(message.identity);
  std::vector<const types::Column*> now;
  for (size_t i = 0; i < message.columns.size(); ++i) {
    types::Column& column = shape.columns.emplace_back();
    column.name = message.columns[i].name;
    column.attnum = places[i].number;
    SetType(message.columns[i], entry.types.empty() ? TypeFacts() : entry.types[i], names, &column);
    now.push_back(places[i].now);
    if (now[i] != nullptr) SetFromCatalog(*now[i], &column);
  }
  const types::Relation* const known = entry.relation.has_value() ? &*entry.relation : nullptr;
  SetKeys(message, now, &shape);
  ClearPartialPrimaryKey(known, &shape);
  FillNumbers(entry, last, &shape);
  AddVirtualColumns(known, &shape);
  return result;
}

}  // namespace deltamirror::pgoutput
