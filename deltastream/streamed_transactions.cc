#include "deltastream/streamed_transactions.h"

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using pgoutput::MessageType;

absl::Status OutOfOrder(MessageType type, uint32_t xid, absl::string_view problem) {
  return absl::DataLossError(
      absl::StrCat("message \"", pgoutput::MessageName(type), "\" of pgoutput, of transaction ", xid, ", ", problem));
}

}  // namespace

absl::StatusOr<bool> StreamedTransactions::Take(absl::string_view message) {
  const auto type = static_cast<MessageType>(message.empty() ? '\0' : message[0]);
  switch (type) {
    case MessageType::kStreamStart:
      RETURN_IF_ERROR(Decode(message, &message_));
      RETURN_IF_ERROR(Start(message_.stream_start));
      return true;
    case MessageType::kStreamStop:
      RETURN_IF_ERROR(Decode(message, &message_));
      if (open_ == nullptr) {
        return absl::DataLossError("message \"Stream Stop\" of pgoutput came outside of a stream");
      }
      open_ = nullptr;
      return true;
    case MessageType::kStreamCommit:
      RETURN_IF_ERROR(Decode(message, &message_));
      RETURN_IF_ERROR(Commit(message_.stream_commit.xid));
      return true;
    case MessageType::kStreamAbort:
      RETURN_IF_ERROR(Decode(message, &message_));
      RETURN_IF_ERROR(Abort(message_.stream_abort));
      return true;
    default:
      if (open_ == nullptr) return false;
      RETURN_IF_ERROR(TakeChange(message));
      return true;
  }
}

absl::Status StreamedTransactions::Start(const pgoutput::StreamStart& start) {
  if (open_ != nullptr) {
    return OutOfOrder(MessageType::kStreamStart, start.xid,
                      absl::StrCat("came inside of the stream of transaction ", open_->xid()));
  }
  std::unique_ptr<StreamedTransaction>& transaction = transactions_[start.xid];
  if (start.first_segment == (transaction != nullptr)) {
    return OutOfOrder(MessageType::kStreamStart, start.xid,
                      start.first_segment ? "is its first, but something of it has come before"
                                          : "is not its first, but nothing of it has come before");
  }
  if (start.first_segment) transaction = std::make_unique<StreamedTransaction>(&file_, start.xid);
  open_ = transaction.get();
  return absl::OkStatus();
}

absl::Status StreamedTransactions::TakeChange(absl::string_view message) {
  ASSIGN_OR_RETURN(const pgoutput::Streamed streamed, pgoutput::SplitStreamed(message));
  // No lines are made of these.
  if (streamed.type == MessageType::kOrigin || streamed.type == MessageType::kMessage) return absl::OkStatus();
  return open_->Append(streamed.xid, static_cast<char>(streamed.type), streamed.rest);
}

absl::Status StreamedTransactions::Commit(uint32_t xid) {
  const auto found = transactions_.find(xid);
  if (open_ != nullptr || found == transactions_.end()) {
    return OutOfOrder(MessageType::kStreamCommit, xid,
                      open_ != nullptr ? "came inside of a stream" : "of which nothing has come before");
  }
  committed_ = std::move(found->second);
  transactions_.erase(found);
  return absl::OkStatus();
}

absl::Status StreamedTransactions::Abort(const pgoutput::StreamAbort& abort) {
  if (open_ != nullptr) return OutOfOrder(MessageType::kStreamAbort, abort.xid, "came inside of a stream");
  const auto found = transactions_.find(abort.xid);
  if (found == transactions_.end()) return absl::OkStatus();
  if (abort.subxid != abort.xid) return found->second->Abort(abort.subxid);
  transactions_.erase(found);
  return absl::OkStatus();
}

}  // namespace deltamirror::deltastream
