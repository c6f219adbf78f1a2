// What the thread that reads ahead asks to decode the rows that it has taken apart.

#ifndef DELTAMIRROR_DAYSTREAM_ROW_DECODER_H_
#define DELTAMIRROR_DAYSTREAM_ROW_DECODER_H_

#include <memory_resource>

#include "deltaflood/record.h"
#include "types/decoded_row.h"

namespace deltamirror::daystream {

// Its methods are called on that thread.
class RowDecoder {
 public:
  virtual ~RowDecoder() = default;

  // Rows come, one behind the other.
  virtual void Begin() = 0;

  // Decodes all values of an insert, an update or a delete, into `memory` as far as they do not stand in the record's
  // own texts; fills shape and values of `row`. False if it is left to whoever applies the record, who meets any error.
  virtual bool Decode(const deltaflood::Record& record, std::pmr::memory_resource* memory, types::DecodedRow* row) = 0;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_ROW_DECODER_H_
