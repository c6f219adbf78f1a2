// Which names first copies were asked for.

#ifndef DELTAMIRROR_MIRROR_COVERAGE_H_
#define DELTAMIRROR_MIRROR_COVERAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltaflood/record.h"
#include "mirror/handover.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

// A first copy of `*` has every table that its snapshot saw. A table that it does not have was not there: it had been
// dropped, or had another name by then. The stream, which is read from a moment before the snapshot, still tells of it,
// in transactions that the snapshot saw. Nothing of that is for the mirror. Like a table's hand-over this lasts until
// the first commit behind the snapshot; then a table of that name is a new one.
class Coverage {
 public:
  // A copy of `tables` (for TableList::Parse, else InvalidArgument) was made.
  absl::Status Add(absl::string_view tables, const Handover& handover);

  // Whether a copy would have the table of this record, if it had been there when the record's transaction had ended.
  bool Has(absl::string_view schema, absl::string_view table, const deltaflood::Record& record) const;

  // The end of a source transaction with that commit LSN was passed.
  void EndTransaction(uint64_t commit_lsn);

  // "" if there is nothing to keep, else [{"tables":"*","handover":{...}}]. DataLoss if it cannot be understood.
  std::string ToJson() const;
  static absl::StatusOr<Coverage> FromJson(absl::string_view json);

 private:
  struct Copy {
    std::string tables;
    types::TableList list;
    Handover handover;
    HandoverFilter filter;
  };

  std::vector<Copy> copies_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_COVERAGE_H_
