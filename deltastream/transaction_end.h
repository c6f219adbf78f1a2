// Where transactions end in a run of deltaflood lines, found without taking the lines apart.

#ifndef DELTAMIRROR_DELTASTREAM_TRANSACTION_END_H_
#define DELTAMIRROR_DELTASTREAM_TRANSACTION_END_H_

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace deltamirror::deltastream {

// Whether the last of `lines` (LF between them, at the end or not) is the commit line that our plugin writes:
// "_xid X _lsn L _time T _action commit". A row may hold the same tail in a column named "_action", but a row's line
// begins with its table.
inline bool EndsTransaction(absl::string_view lines) {
  if (absl::EndsWith(lines, "\n")) lines.remove_suffix(1);
  if (!absl::EndsWith(lines, "\t_action\tcommit")) return false;
  const size_t before = lines.rfind('\n');
  const absl::string_view last = before == absl::string_view::npos ? lines : lines.substr(before + 1);
  return absl::StartsWith(last, "_xid\t");
}

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_TRANSACTION_END_H_
