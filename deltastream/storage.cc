#include "deltastream/storage.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {
namespace {

using Kind = Suspicion::Kind;

constexpr char kRewritten[] =
    "it may have been rewritten with other values (ALTER TABLE ... TYPE, or a new column whose default is not a "
    "constant), which pgoutput does not tell";

constexpr char kColumnsCame[] =
    "the stream has a column that was there before and did not come (ALTER COLUMN ... DROP EXPRESSION, or another "
    "column list)";

// Whether values come of a column that did not come and was there already.
bool HasMoreColumns(const Storage& was, const Storage& is) {
  return std::any_of(was.hidden.begin(), was.hidden.end(), [&is](int number) { return is.shown.count(number) > 0; });
}

class Comparison {
 public:
  Comparison(const StorageMap& before, const StorageMap& after, const IsIncluded& included)
      : before_(before), after_(after), included_(included) {}

  std::vector<Suspicion> Run() && {
    for (const auto& [relid, storage] : before_) {
      if (!IsIncludedIn(before_, storage)) continue;
      const auto found = after_.find(relid);
      if (found == after_.end()) {
        Gone(storage);
      } else if (found->second.root != storage.root) {
        Moved(storage, found->second);
      } else if (!IsIncludedIn(after_, found->second)) {
        Add(Kind::kDropped, storage, nullptr, "");
      } else if (HasMoreColumns(storage, found->second)) {
        Add(Kind::kGap, found->second, nullptr, kColumnsCame);
      } else if (found->second.file != storage.file) {
        OtherFile(storage, found->second);
      }
    }
    for (const auto& [relid, storage] : after_) {
      const auto found = before_.find(relid);
      if (!IsIncludedIn(after_, storage)) continue;
      if (found == before_.end() || !IsIncludedIn(before_, found->second)) Came(storage);
    }
    return std::move(found_);
  }

 private:
  const Storage* RootIn(const StorageMap& moment, const Storage& storage) const {
    const auto found = moment.find(storage.root);
    return found == moment.end() ? nullptr : &found->second;
  }

  bool IsIncludedIn(const StorageMap& moment, const Storage& storage) const {
    const Storage* const root = RootIn(moment, storage);
    return root != nullptr && included_(root->schema, root->table);
  }

  // `table`: under whose name rows come. `partition`: null for the table itself.
  void Add(Kind kind, const Storage& table, const Storage* partition, absl::string_view reason,
           uint32_t explained_by = 0) {
    Suspicion one;
    one.kind = kind;
    one.relid = table.relid;
    one.schema = table.schema;
    one.table = table.table;
    if (partition != nullptr && partition->relid != table.relid) {
      one.partition = partition->relid;
      one.partition_name = types::TargetName(partition->schema, partition->table);
    }
    one.reason = std::string(reason);
    one.explained_by = explained_by;
    // The same statement leaves its traces in each partition.
    if (kind == Kind::kGap && !told_.emplace(one.relid, one.reason, one.explained_by).second) return;
    found_.push_back(std::move(one));
  }

  void Gone(const Storage& storage) {
    if (storage.root == storage.relid) return Add(Kind::kLeft, storage, nullptr, "");
    // With the whole tree, the root says it.
    if (const Storage* const root = RootIn(after_, storage)) Add(Kind::kDetached, *root, &storage, "");
  }

  void Moved(const Storage& was, const Storage& is) {
    if (was.root != was.relid) {
      if (const Storage* const root = RootIn(after_, was)) Add(Kind::kDetached, *root, &is, "");
    } else {
      Add(Kind::kDropped, was, nullptr, "");
    }
    if (!IsIncludedIn(after_, is)) return;
    const Storage& root = *RootIn(after_, is);
    Add(Kind::kGap, root, &is,
        root.relid == is.relid
            ? "it was a partition, when its rows came"
            : absl::StrCat("partition \"", types::TargetName(is.schema, is.table), "\" was attached"));
  }

  void OtherFile(const Storage& was, const Storage& is) {
    const Storage& root = *RootIn(after_, is);
    const bool other_toast = is.toast != was.toast;
    const bool rewritten = is.columns_changed && (other_toast || is.toast == 0);
    if (rewritten || is.defaults_changed) {
      return Add(Kind::kGap, root, &is, kRewritten, other_toast ? 0 : is.changed_by);
    }
    // The TRUNCATE of an ordinary table is told.
    const bool moved = is.tablespace != was.tablespace && is.counted;
    if (is.relid == is.root || other_toast || moved) return;
    if (!is.counted) return Add(Kind::kTruncated, root, &is, "", is.changed_by);
    Add(Kind::kGap, root, &is,
        absl::StrCat("partition \"", types::TargetName(is.schema, is.table),
                     "\" was truncated alone, or rewritten by VACUUM FULL or CLUSTER, which cannot be told apart here"),
        is.changed_by);
  }

  void Came(const Storage& storage) {
    const Storage& root = *RootIn(after_, storage);
    const bool is_partition = storage.relid != storage.root;
    if (storage.made && storage.file != 0 && storage.file != storage.relid && storage.columns_changed) {
      return Add(Kind::kGap, root, &storage, kRewritten, storage.changed_by);
    }
    if (storage.file == 0 || (storage.made && !storage.attached)) return;
    if (!is_partition && storage.made) return;
    // What came before it was attached came under its own name.
    if (is_partition && storage.made) Add(Kind::kDropped, storage, nullptr, "");
    Add(Kind::kCame, root, &storage,
        is_partition
            ? absl::StrCat("partition \"", types::TargetName(storage.schema, storage.table), "\" came with rows")
            : "it was not published, or had another name, when its rows came");
  }

  const StorageMap& before_;
  const StorageMap& after_;
  const IsIncluded& included_;
  std::vector<Suspicion> found_;
  std::set<std::tuple<uint32_t, std::string, uint32_t>> told_;
};

}  // namespace

std::vector<Suspicion> CompareStorage(const StorageMap& before, const StorageMap& after, const IsIncluded& included) {
  return Comparison(before, after, included).Run();
}

}  // namespace deltamirror::deltastream
