// OIDs of PostgreSQL's own types that are more to us than text. They are fixed for ever (pg_type.dat).

#ifndef DELTAMIRROR_TYPES_OIDS_H_
#define DELTAMIRROR_TYPES_OIDS_H_

#include <cstdint>

namespace deltamirror::types {

inline constexpr uint32_t kBool = 16;
inline constexpr uint32_t kBytea = 17;
inline constexpr uint32_t kName = 19;
inline constexpr uint32_t kInt8 = 20;
inline constexpr uint32_t kInt2 = 21;
inline constexpr uint32_t kInt2vector = 22;
inline constexpr uint32_t kInt4 = 23;
inline constexpr uint32_t kText = 25;
inline constexpr uint32_t kOid = 26;
inline constexpr uint32_t kOidvector = 30;
inline constexpr uint32_t kJson = 114;
inline constexpr uint32_t kBox = 603;
inline constexpr uint32_t kFloat4 = 700;
inline constexpr uint32_t kFloat8 = 701;
inline constexpr uint32_t kBpchar = 1042;
inline constexpr uint32_t kVarchar = 1043;
inline constexpr uint32_t kDate = 1082;
inline constexpr uint32_t kTime = 1083;
inline constexpr uint32_t kTimestamp = 1114;
inline constexpr uint32_t kTimestamptz = 1184;
inline constexpr uint32_t kTimetz = 1266;
inline constexpr uint32_t kNumeric = 1700;
inline constexpr uint32_t kUuid = 2950;
inline constexpr uint32_t kJsonb = 3802;

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_OIDS_H_
