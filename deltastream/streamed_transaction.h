// What has come of a transaction that is streamed before it ends.

#ifndef DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTION_H_
#define DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltastream/spill_file.h"

namespace deltamirror::deltastream {

// Messages in the order in which they came, in a spill file but for the last ones. Memory: a block for the messages, a
// few bytes for each block in the file, and some more for each subtransaction that has written and was not rolled back.
// For one thread.
//
//   StreamedTransaction transaction(&file, xid);
//   RETURN_IF_ERROR(transaction.Append(xid, 'I', rest));
//   RETURN_IF_ERROR(transaction.Append(subxid, 'U', rest));
//   RETURN_IF_ERROR(transaction.Abort(subxid));              // ROLLBACK TO: the second is gone
//   while (ASSIGN_OR_RETURN(bool more, transaction.Take(visit)), more) {}
class StreamedTransaction {
 public:
  // `file` outlives it. `xid`: of the top-level transaction.
  StreamedTransaction(SpillFile* file, uint32_t xid) : file_(file), xid_(xid) {}
  StreamedTransaction(StreamedTransaction&&) = delete;
  // Gives the blocks back.
  ~StreamedTransaction();

  uint32_t xid() const { return xid_; }

  // A message of the transaction or a subtransaction of it: its type and the rest, as pgoutput::SplitStreamed has them.
  absl::Status Append(uint32_t xid, char type, absl::string_view rest);

  // Gives up what has come since the subtransaction's first message. That is all of its own and that of others which
  // began within it and so were rolled back with it: subtransactions are nested. Nothing, if none came of it.
  absl::Status Abort(uint32_t subxid);

  // Hands over the next messages, type and rest in one, about a block of them, and forgets them. False when there are
  // no more. Nothing can be appended or given up any more.
  absl::StatusOr<bool> Take(absl::FunctionRef<absl::Status(absl::string_view message)> visit);

 private:
  // A subtransaction of which something came.
  struct Part {
    uint32_t xid;
    uint64_t begin;
  };

  absl::Status TruncateTo(uint64_t size);
  uint64_t size() const { return blocks_.size() * SpillFile::kBlockSize + tail_.size(); }

  SpillFile* const file_;
  const uint32_t xid_;
  std::vector<uint32_t> blocks_;
  std::string tail_;         // what follows the blocks
  std::vector<Part> parts_;  // by begin
  absl::flat_hash_set<uint32_t> part_xids_;
  uint32_t last_xid_ = 0;  // of the last message
  size_t taken_ = 0;       // of blocks_
  std::string rest_;       // of what was taken: a message that is not complete
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STREAMED_TRANSACTION_H_
