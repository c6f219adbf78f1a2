// Reads the metadata of a line that is written the usual way, in a fraction of the time that taking apart whatever may
// come needs: in a stream of small transactions no two heads are the same.

#ifndef DELTAMIRROR_DELTAFLOOD_PLAIN_HEAD_H_
#define DELTAMIRROR_DELTAFLOOD_PLAIN_HEAD_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// The usual way: TABs between, no escapes, and of _table, _schema, _xid, _lsn, _time and _action those that there are,
// in this order. Fills the metadata of `out`, which must be clear, but for columns_offset, and returns where the head
// ends, behind the action's value. 0, and `out` half filled, if the head is anything else, right or wrong.
size_t ReadPlainHead(absl::string_view line, Record* out);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_PLAIN_HEAD_H_
