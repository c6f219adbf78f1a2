// A map from tables of the source, by schema and name, that is looked into without making a string.

#ifndef DELTAMIRROR_MIRROR_TABLE_MAP_H_
#define DELTAMIRROR_MIRROR_TABLE_MAP_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace deltamirror::mirror {

// Schema and name.
using TableKey = std::pair<std::string, std::string>;
using TableKeyView = std::pair<absl::string_view, absl::string_view>;

struct TableKeyHash {
  using is_transparent = void;
  size_t operator()(const TableKeyView& key) const { return absl::Hash<TableKeyView>()(key); }
};

struct TableKeyEqual {
  using is_transparent = void;
  bool operator()(const TableKeyView& a, const TableKeyView& b) const {
    return a.second == b.second && a.first == b.first;
  }
};

template <typename T>
using TableMap = absl::flat_hash_map<TableKey, T, TableKeyHash, TableKeyEqual>;

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_TABLE_MAP_H_
