// The published tables' storage, as the server's catalog has it now. Reads catalogs alone and takes no lock on a table,
// so that it never waits for one.

#ifndef DELTAMIRROR_DELTASTREAM_STORAGE_QUERY_H_
#define DELTAMIRROR_DELTASTREAM_STORAGE_QUERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deltastream/storage.h"
#include "postgres/connection.h"

namespace deltamirror::deltastream {

struct StorageLook {
  uint32_t xid = 0;  // as in StorageRecord
  StorageMap tables;
  uint64_t lsn = 0;  // what it saw committed before it
};

// `since`: the xid of the moment that it is to be compared with.
absl::StatusOr<StorageLook> LookAtStorage(postgres::Connection& connection, const std::string& publication,
                                          uint32_t since);

// A moment as early as the slot can look back to: transactions with this xid and later ones are in its stream.
absl::StatusOr<uint32_t> FirstXidOf(postgres::Connection& connection, const std::string& slot);

// Decides what CompareStorage left open: is a table that is no longer published still there, has one that came rows?
// A table that is locked counts as having some. Suspicions that have come to nothing are removed.
absl::Status LookInto(postgres::Connection& connection, std::vector<Suspicion>* suspicions);

// Has the server write a transaction that every reader of the publication is sent, if it can: a standby cannot, and a
// role may not be allowed to. Returns an LSN behind it; 0 if there was none.
absl::StatusOr<uint64_t> MakeTransaction(postgres::Connection& connection);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STORAGE_QUERY_H_
