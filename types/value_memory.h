// Memory for the values of many rows, which decoders make with a scratch that the next value takes.

#ifndef DELTAMIRROR_TYPES_VALUE_MEMORY_H_
#define DELTAMIRROR_TYPES_VALUE_MEMORY_H_

#include <string>
#include <vector>

#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

//   RETURN_IF_ERROR(decoder(bytes, memory.scratch(), &value));
//   memory.Keep(&value);
class ValueMemory {
 public:
  // For a decoder.
  Scratch& scratch() { return scratch_; }
  // Of a value that was made with scratch(): its bytes last until Clear, or as long as what it was decoded from.
  void Keep(Value* value);
  void Clear() { kept_.clear(); }

 private:
  absl::string_view Store(absl::string_view bytes);

  Scratch scratch_;
  std::vector<std::string> kept_;  // none is ever moved within its memory
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_VALUE_MEMORY_H_
