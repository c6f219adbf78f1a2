// CRC-32C (Castagnoli), as iSCSI, ext4 and SSE 4.2 have it.

#ifndef DELTAMIRROR_DAYSTREAM_CRC32C_H_
#define DELTAMIRROR_DAYSTREAM_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace deltamirror::daystream {

// The checksum of what `crc` is the checksum of (0: of nothing) and `bytes` behind it. Uses the processor's own
// instruction where it has one: some GB a second, else about a tenth of that.
//
//   ExtendCrc32c(0, "123456789") == 0xe3069283
uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes);

// The same without that instruction.
uint32_t TEST_ExtendCrc32cPortably(uint32_t crc, absl::string_view bytes);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_CRC32C_H_
