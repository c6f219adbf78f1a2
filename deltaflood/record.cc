#include "deltaflood/record.h"

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
  action = Action::kNone;
  has_position = has_xid = has_lsn = has_time = has_relid = false;
  xid = relid = 0;
  clock = seq = time = 0;
  lsn = 0;
  columns.clear();
  unknown.clear();
  columns_offset = 0;
  decoded = nullptr;
  table = schema = qualified_table = check = partition = was = reason = identity = oid = absl::string_view();
}

}  // namespace deltamirror::deltaflood
