// pgoutput's messages, made by hand.

#ifndef DELTAMIRROR_TESTS_PGOUTPUT_BYTES_H_
#define DELTAMIRROR_TESTS_PGOUTPUT_BYTES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace deltamirror::pgoutput {

// A number in network byte order.
template <typename Integer>
std::string Net(Integer value) {
  std::string bytes(sizeof(Integer), '\0');
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[sizeof(Integer) - 1 - i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  }
  return bytes;
}

inline std::string Text(absl::string_view text) {
  return std::string(text) + '\0';
}

// 2026-01-02 03:04:05.678901 UTC, as PostgreSQL and as Unix count it.
constexpr int64_t kCommitTime = 820638245678901;
constexpr int64_t kUnixCommitTime = 1767323045678901;

inline std::string BeginBytes(uint32_t xid = 700, uint64_t final_lsn = 0x1600000020) {
  return "B" + Net(final_lsn) + Net(kCommitTime) + Net(xid);
}

inline std::string CommitBytes(uint64_t commit_lsn = 0x1600000020, uint64_t end_lsn = 0x1600000050) {
  return std::string("C") + '\0' + Net(commit_lsn) + Net(end_lsn) + Net(kCommitTime);
}

inline std::string ColumnBytes(absl::string_view name, uint32_t type, bool key = false, int32_t typmod = -1) {
  return std::string(1, key ? '\1' : '\0') + Text(name) + Net(type) + Net(typmod);
}

inline std::string RelationBytes(uint32_t relid, absl::string_view schema, absl::string_view table, char identity,
                                 const std::vector<std::string>& columns) {
  std::string bytes = "R" + Net(relid) + Text(schema) + Text(table) + identity;
  bytes += Net(static_cast<uint16_t>(columns.size()));
  for (const std::string& column : columns) bytes += column;
  return bytes;
}

inline std::string ValueBytes(absl::string_view text, char kind = 't') {
  return kind + Net(static_cast<uint32_t>(text.size())) + std::string(text);
}

inline std::string RowBytes(const std::vector<std::string>& values) {
  std::string bytes = Net(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) bytes += value;
  return bytes;
}

inline std::string InsertBytes(uint32_t relid, const std::vector<std::string>& row) {
  return "I" + Net(relid) + "N" + RowBytes(row);
}

inline std::string UpdateBytes(uint32_t relid, const std::vector<std::string>& row) {
  return "U" + Net(relid) + "N" + RowBytes(row);
}

// `kind`: 'K' or 'O'.
inline std::string UpdateBytes(uint32_t relid, char kind, const std::vector<std::string>& old_row,
                               const std::vector<std::string>& row) {
  return "U" + Net(relid) + kind + RowBytes(old_row) + "N" + RowBytes(row);
}

inline std::string DeleteBytes(uint32_t relid, char kind, const std::vector<std::string>& old_row) {
  return "D" + Net(relid) + kind + RowBytes(old_row);
}

inline std::string TruncateBytes(const std::vector<uint32_t>& relids, uint8_t options = 0) {
  std::string bytes = "T" + Net(static_cast<uint32_t>(relids.size())) + static_cast<char>(options);
  for (const uint32_t relid : relids) bytes += Net(relid);
  return bytes;
}

inline std::string OriginBytes(uint64_t lsn, absl::string_view name) {
  return "O" + Net(lsn) + Text(name);
}

inline std::string TypeBytes(uint32_t oid, absl::string_view schema, absl::string_view name) {
  return "Y" + Net(oid) + Text(schema) + Text(name);
}

inline std::string LogicalMessageBytes(bool transactional, uint64_t lsn, absl::string_view prefix,
                                       absl::string_view content) {
  return std::string("M") + static_cast<char>(transactional) + Net(lsn) + Text(prefix) +
         Net(static_cast<uint32_t>(content.size())) + std::string(content);
}

inline std::string StreamStartBytes(uint32_t xid, bool first) {
  return "S" + Net(xid) + static_cast<char>(first);
}

inline std::string StreamCommitBytes(uint32_t xid, uint64_t commit_lsn = 0x1600000020,
                                     uint64_t end_lsn = 0x1600000050) {
  return "c" + Net(xid) + '\0' + Net(commit_lsn) + Net(end_lsn) + Net(kCommitTime);
}

inline std::string StreamAbortBytes(uint32_t xid, uint32_t subxid) {
  return "A" + Net(xid) + Net(subxid);
}

// A message as it stands in a stream: with the (sub)transaction that it belongs to.
inline std::string InStream(uint32_t xid, absl::string_view message) {
  return std::string(message.substr(0, 1)) + Net(xid) + std::string(message.substr(1));
}

}  // namespace deltamirror::pgoutput

#endif  // DELTAMIRROR_TESTS_PGOUTPUT_BYTES_H_
