#include "deltaflood/record.h"

#include <utility>

namespace deltamirror::deltaflood {

absl::string_view ActionName(Action action) {
  switch (action) {
    case Action::kNone:
      return "none";
    case Action::kInsert:
      return "insert";
    case Action::kUpdate:
      return "update";
    case Action::kDelete:
      return "delete";
    case Action::kReplace:
      return "replace";
    case Action::kTruncate:
      return "truncate";
    case Action::kRelation:
      return "relation";
    case Action::kDrop:
      return "drop";
    case Action::kAttach:
      return "attach";
    case Action::kDetach:
      return "detach";
    case Action::kGap:
      return "gap";
    case Action::kCommit:
      return "commit";
    case Action::kRollback:
      return "rollback";
  }
  return "none";
}

void Record::Clear() {
  Record empty;
  std::swap(columns, empty.columns);
  std::swap(unknown, empty.unknown);
  empty.columns.clear();
  empty.unknown.clear();
  *this = std::move(empty);
}

}  // namespace deltamirror::deltaflood
