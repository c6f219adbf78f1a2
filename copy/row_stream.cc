#include "copy/row_stream.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sqlite/result.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "threads/thread.h"

namespace deltamirror::copy {
namespace {

constexpr size_t kBlockSize = 256 << 10;
constexpr size_t kMostBlocks = 16;
// A block that had to hold a large value gives its memory back instead of being kept.
constexpr size_t kMostSpareBytes = 1 << 20;
constexpr int kHeartbeatMs = 50;

}  // namespace

RowStream::RowStream(postgres::Connection* connection, postgres::CopyOut copy, std::vector<Field> fields,
                     Options options)
    : connection_(connection),
      copy_(copy),
      fields_(std::move(fields)),
      options_(std::move(options)),
      queue_(kMostBlocks),
      walker_(fields_.size()),
      scratch_(fields_.size()) {}

absl::StatusOr<std::unique_ptr<RowStream>> RowStream::Start(postgres::Connection* connection, const std::string& sql,
                                                            std::vector<Field> fields, Options options) {
  ASSIGN_OR_RETURN(const postgres::CopyOut copy, postgres::CopyOut::Begin(connection, sql));
  std::unique_ptr<RowStream> stream(new RowStream(connection, copy, std::move(fields), std::move(options)));
  ASSIGN_OR_RETURN(stream->reader_, StartThread([raw = stream.get()] { raw->ReadBlocks(); }));
  return stream;
}

RowStream::~RowStream() {
  Stop();
}

// The reading thread.
void RowStream::ReadBlocks() {
  bool more = true;
  while (more) {
    std::string block = queue_.Spare();
    block.clear();
    block.reserve(kBlockSize + kBlockSize / 4);
    const absl::StatusOr<bool> read = copy_.Read(kBlockSize, stop_, &block);
    if (!read.ok()) return queue_.Close(read.status());
    more = *read;
    // A consumer that has gone still wants the rest of the answer read, so that the connection can be used again.
    if (!block.empty()) queue_.Push(std::move(block));
  }
  queue_.Close(absl::OkStatus());
}

void RowStream::Stop() {
  if (!reader_.joinable()) return;
  stop_ = true;
  queue_.Abandon();
  if (!walker_.complete()) connection_->Cancel();
  reader_.join();
}

absl::StatusOr<bool> RowStream::NextBlock() {
  while (true) {
    if (options_.heartbeat) RETURN_IF_ERROR(options_.heartbeat(rows_));
    if (block_.capacity() <= kMostSpareBytes) queue_.Recycle(std::move(block_));
    block_.clear();
    switch (queue_.Pop(kHeartbeatMs, &block_)) {
      case QueueOutcome::kItem:
        walker_.SetBlock(block_);
        return true;
      case QueueOutcome::kEnd:
        RETURN_IF_ERROR(queue_.status());
        if (!walker_.complete()) return absl::DataLossError("the server's data ended before its last row");
        return false;
      case QueueOutcome::kTimeout:
        break;
    }
  }
}

absl::StatusOr<bool> RowStream::NextRow() {
  while (true) {
    ASSIGN_OR_RETURN(const bool row, walker_.Next(&row_));
    if (row) return true;
    ASSIGN_OR_RETURN(const bool block, NextBlock());
    if (!block) return false;
  }
}

absl::StatusOr<bool> RowStream::Next() {
  if (left_ == 0 || at_end_) return false;
  absl::StatusOr<bool> row = NextRow();
  if (!row.ok()) {
    status_ = row.status();
  } else if (*row) {
    ++rows_;
    --left_;
  } else {
    at_end_ = true;
  }
  return row;
}

absl::Status RowStream::Value(int column, types::Value* value) {
  const auto index = static_cast<size_t>(column);
  const absl::string_view bytes = row_[index];
  *value = types::Value();
  if (bytes.data() == nullptr) return absl::OkStatus();
  absl::Status status = fields_[index].mapping.binary(bytes, scratch_[index], value);
  if (!status.ok()) {
    status_ = Named(absl::StrCat("column \"", fields_[index].name, "\""), status);
    return status_;
  }
  if (options_.null && value->kind() == types::Value::Kind::kText && value->bytes() == *options_.null) {
    *value = types::Value();
  }
  return absl::OkStatus();
}

absl::Status RowStream::Column(int column, sqlite3_context* context) {
  types::Value value;
  RETURN_IF_ERROR(Value(column, &value));
  // A result that is not set is NULL.
  if (!value.is_null()) sqlite::ResultValue(context, value, SQLITE_STATIC);
  return absl::OkStatus();
}

absl::Status RowStream::Finish() {
  RETURN_IF_ERROR(status_);
  if (!at_end_) {
    ASSIGN_OR_RETURN(const bool more, NextRow());
    if (more) return absl::InternalError("not all rows were read");
  }
  Stop();
  return absl::OkStatus();
}

}  // namespace deltamirror::copy
