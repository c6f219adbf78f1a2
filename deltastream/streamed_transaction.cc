#include "deltastream/streamed_transaction.h"

#include <algorithm>
#include <cstring>

#include "status/status_macros.h"

namespace deltamirror::deltastream {

StreamedTransaction::~StreamedTransaction() {
  for (size_t i = taken_; i < blocks_.size(); ++i) file_->Free(blocks_[i]);
}

absl::Status StreamedTransaction::Append(uint32_t xid, char type, absl::string_view rest) {
  if (xid != last_xid_ && xid != xid_ && part_xids_.insert(xid).second) parts_.push_back({xid, size()});
  last_xid_ = xid;
  // In the byte order of the machine: the file never leaves the process.
  const auto length = static_cast<uint32_t>(rest.size() + 1);
  tail_.append(reinterpret_cast<const char*>(&length), sizeof(length));
  tail_.push_back(type);
  tail_.append(rest.data(), rest.size());
  if (tail_.size() < SpillFile::kBlockSize) return absl::OkStatus();
  absl::string_view left = tail_;
  while (left.size() >= SpillFile::kBlockSize) {
    ASSIGN_OR_RETURN(const uint32_t block, file_->Write(left.substr(0, SpillFile::kBlockSize)));
    blocks_.push_back(block);
    left.remove_prefix(SpillFile::kBlockSize);
  }
  // A large row must not leave its capacity behind.
  tail_ = std::string(left);
  return absl::OkStatus();
}

absl::Status StreamedTransaction::Abort(uint32_t subxid) {
  if (!part_xids_.contains(subxid)) return absl::OkStatus();
  uint64_t begin = size();
  for (bool found = false; !found && !parts_.empty(); parts_.pop_back()) {
    begin = parts_.back().begin;
    found = parts_.back().xid == subxid;
    part_xids_.erase(parts_.back().xid);
  }
  last_xid_ = xid_;
  return TruncateTo(begin);
}

absl::Status StreamedTransaction::TruncateTo(uint64_t size) {
  const size_t whole = size / SpillFile::kBlockSize;
  if (whole < blocks_.size()) {
    // The block that is cut is written anew when it is full again.
    tail_.clear();
    RETURN_IF_ERROR(file_->Read(blocks_[whole], &tail_));
    for (size_t i = whole; i < blocks_.size(); ++i) file_->Free(blocks_[i]);
    blocks_.resize(whole);
  }
  tail_.resize(size - whole * SpillFile::kBlockSize);
  return absl::OkStatus();
}

absl::StatusOr<bool> StreamedTransaction::Take(absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  if (taken_ < blocks_.size()) {
    RETURN_IF_ERROR(file_->Read(blocks_[taken_], &rest_));
    file_->Free(blocks_[taken_++]);
  } else {
    if (rest_.empty() && tail_.empty()) return false;
    rest_ += tail_;
    tail_.clear();
  }
  absl::string_view left = rest_;
  uint32_t length = 0;
  while (left.size() >= sizeof(length)) {
    std::memcpy(&length, left.data(), sizeof(length));
    if (left.size() - sizeof(length) < length) break;
    RETURN_IF_ERROR(visit(left.substr(sizeof(length), length)));
    left.remove_prefix(sizeof(length) + length);
  }
  rest_.erase(0, rest_.size() - left.size());
  if (taken_ < blocks_.size() || !tail_.empty() || rest_.empty()) return true;
  return absl::DataLossError("a streamed transaction ends in the middle of a message");
}

}  // namespace deltamirror::deltastream
