#include "verify/differences.h"

#include <algorithm>

#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

// k: the key, or without one the row's digest. n: how many more of the row the source has. row: NULL where it is not
// shown.
constexpr char kCreate[] =
    "DROP TABLE IF EXISTS difference;"
    "CREATE TABLE difference (k BLOB PRIMARY KEY, n INTEGER, digest BLOB, row BLOB) WITHOUT ROWID";

constexpr char kKeep[] =
    "INSERT INTO difference VALUES (?1, ?2, ?3, ?4) ON CONFLICT (k) DO UPDATE SET n = n + excluded.n";

absl::string_view BytesOf(const Digest& digest) {
  return absl::string_view(reinterpret_cast<const char*>(&digest), sizeof(digest));
}

}  // namespace

Differences::Differences(sqlite3* temporary, const ComparedTable* table, const KeyRanges* ranges, int64_t most,
                         Report* report)
    : db_(temporary), table_(*table), ranges_(*ranges), report_(*report), left_to_show_(most) {
  // A range that differs has at least one difference.
  for (int64_t different = 0; shown_ranges_ < KeyRanges::kRanges && different < most; ++shown_ranges_) {
    different += ranges_.Differs(shown_ranges_) ? 1 : 0;
  }
}

absl::StatusOr<std::unique_ptr<Differences>> Differences::Create(sqlite3* temporary, const ComparedTable* table,
                                                                 const KeyRanges* ranges, int64_t most,
                                                                 Report* report) {
  auto differences = std::unique_ptr<Differences>(new Differences(temporary, table, ranges, most, report));
  RETURN_IF_ERROR(differences->Prepare());
  return differences;
}

absl::Status Differences::Prepare() {
  using sqlite::Statement;
  RETURN_IF_ERROR(sqlite::Execute(db_, kCreate));
  ASSIGN_OR_RETURN(keep_, Statement::Prepare(db_, kKeep, Statement::kPersistent));
  ASSIGN_OR_RETURN(
      find_, Statement::Prepare(db_, "SELECT n, digest, row FROM difference WHERE k = ?1", Statement::kPersistent));
  ASSIGN_OR_RETURN(take_,
                   Statement::Prepare(db_, "UPDATE difference SET n = n - 1 WHERE k = ?1", Statement::kPersistent));
  return absl::OkStatus();
}

absl::Status Differences::Keep(const EncodedRow& row, absl::string_view key, size_t range, int64_t times) {
  const Digest digest = DigestOf(row.bytes);
  keep_.BindBlob(1, key.empty() ? BytesOf(digest) : key);
  keep_.BindInt64(2, times);
  keep_.BindBlob(3, BytesOf(digest));
  if (IsShown(range)) {
    keep_.BindBlob(4, row.bytes);
  } else {
    keep_.BindNull(4);
  }
  return keep_.Run();
}

absl::Status Differences::AddSource(const EncodedRow& row, int64_t times) {
  const size_t range = KeyRanges::RangeOf(DigestOf(row.key()));
  if (!ranges_.Differs(range)) return absl::OkStatus();
  return Keep(row, row.key_size == 0 ? "" : row.key(), range, times);
}

absl::Status Differences::AddMirror(const EncodedRow& row) {
  const size_t range = KeyRanges::RangeOf(DigestOf(row.key()));
  if (!ranges_.Differs(range)) return absl::OkStatus();
  return row.key_size == 0 ? Keep(row, "", range, -1) : TakeByKey(row, range);
}

absl::Status Differences::TakeByKey(const EncodedRow& row, size_t range) {
  find_.BindBlob(1, row.key());
  ASSIGN_OR_RETURN(const bool found, find_.Step());
  // A key that is there twice: the table in SQLite has no unique index.
  if (!found || find_.ColumnInt64(0) < 1) {
    find_.Reset();
    if (ToShow(1, IsShown(range)) > 0) report_.AddExtra(table_, row.bytes);
    return absl::OkStatus();
  }
  if (find_.ColumnBlob(1) != BytesOf(DigestOf(row.bytes)) && ToShow(1, IsShown(range)) > 0) {
    report_.AddChanged(table_, find_.ColumnBlob(2), row.bytes);
  }
  find_.Reset();
  take_.BindBlob(1, row.key());
  return take_.Run();
}

// Counts `times` differences; returns how many of them are to be shown.
int64_t Differences::ToShow(int64_t times, bool shown) {
  count_ += times;
  if (!shown) return 0;
  const int64_t now = std::min(times, left_to_show_);
  left_to_show_ -= now;
  return now;
}

absl::StatusOr<int64_t> Differences::Finish() {
  ASSIGN_OR_RETURN(sqlite::Statement rest,
                   sqlite::Statement::Prepare(db_, "SELECT n, row FROM difference WHERE n <> 0"));
  while (true) {
    ASSIGN_OR_RETURN(const bool more, rest.Step());
    if (!more) break;
    const int64_t n = rest.ColumnInt64(0);
    const absl::string_view row = rest.ColumnBlob(1);
    for (int64_t shown = ToShow(n < 0 ? -n : n, !rest.ColumnIsNull(1)); shown > 0; --shown) {
      if (n > 0) {
        report_.AddMissing(table_, row);
      } else {
        report_.AddExtra(table_, row);
      }
    }
  }
  return count_;
}

}  // namespace deltamirror::verify
