// The transactions that a slot of pgoutput streams before they end.

#ifndef DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTIONS_H_
#define DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTIONS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltastream/spill_file.h"
#include "deltastream/streamed_transaction.h"
#include "pgoutput/message.h"

namespace deltamirror::deltastream {

// Keeps what comes of each until it commits; what was rolled back is gone by then. For one START_REPLICATION, and one
// thread.
//
//   ASSIGN_OR_RETURN(const bool streamed, streams.Take(message));
//   if (!streamed) Translate(message);
//   if (streams.committed() != nullptr) ...   // read it with Take, then Finish
class StreamedTransactions {
 public:
  // `directory`: for what does not fit into memory.
  explicit StreamedTransactions(std::string directory) : file_(std::move(directory)) {}
  StreamedTransactions(const StreamedTransactions&) = delete;
  StreamedTransactions& operator=(const StreamedTransactions&) = delete;

  // False if the message has nothing to do with a stream. DataLoss if it cannot be understood or comes out of order;
  // none may come while there is a committed transaction.
  absl::StatusOr<bool> Take(absl::string_view message);

  // The one that has committed with the last message, and how; null: none.
  StreamedTransaction* committed() const { return committed_.get(); }
  const pgoutput::Commit& commit() const { return message_.stream_commit.commit; }
  void Finish() { committed_.reset(); }

 private:
  absl::Status Start(const pgoutput::StreamStart& start);
  absl::Status TakeChange(absl::string_view message);
  absl::Status Commit(uint32_t xid);
  absl::Status Abort(const pgoutput::StreamAbort& abort);

  SpillFile file_;  // outlives what follows
  pgoutput::Message message_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<StreamedTransaction>> transactions_;
  StreamedTransaction* open_ = nullptr;  // between its Stream Start and Stream Stop
  std::unique_ptr<StreamedTransaction> committed_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTIONS_H_
