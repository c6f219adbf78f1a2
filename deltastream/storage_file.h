// What a daystream keeps of the published tables' storage: storage.json, which docs/formats.md describes.

#ifndef DELTAMIRROR_DELTASTREAM_STORAGE_FILE_H_
#define DELTAMIRROR_DELTASTREAM_STORAGE_FILE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltastream/storage.h"

namespace deltamirror::deltastream {

struct StorageRecord {
  // Of the moment: transactions with this xid and later ones were not all seen.
  uint32_t xid = 0;
  StorageMap tables;
  // The last TRUNCATEs that the stream has told of: the table's OID, and the transaction.
  std::deque<std::pair<uint32_t, uint32_t>> truncated;
};

// NotFound if there is none; DataLoss, naming the file, if it cannot be understood.
absl::StatusOr<StorageRecord> LoadStorage(const std::string& directory);

// In one step, and durably.
absl::Status SaveStorage(const std::string& directory, const StorageRecord& record);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STORAGE_FILE_H_
