// The metadata of the last line, for lines that begin in the same way.
//
// Within a transaction line after line has the same table, transaction and action in front of its columns, byte for
// byte. Comparing those bytes costs far less than taking them apart.

#ifndef DELTAMIRROR_DELTAFLOOD_HEAD_CACHE_H_
#define DELTAMIRROR_DELTAFLOOD_HEAD_CACHE_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// One head: that of the last change. The end of a transaction never comes again. For lines that are parsed with the
// same options.
class HeadCache {
 public:
  // If `line` begins with the head that was kept: fills the metadata of `out`, which must be clear, as parsing would,
  // its texts pointing into `line`.
  bool Find(absl::string_view line, absl::string_view separator, Record* out) const;

  // Keeps the metadata of a record that was parsed from `line`. `end`: where the head ends, behind the action.
  void Keep(absl::string_view line, size_t end, const Record& record);

 private:
  std::string bytes_;  // empty: none
  Record record_;      // its texts point into bytes_
};

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_HEAD_CACHE_H_
