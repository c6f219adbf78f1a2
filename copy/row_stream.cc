#include "copy/row_stream.h"

#include <utility>

#include "copy/binary_rows.h"
#include "status/status_macros.h"
#include "threads/thread.h"

namespace deltamirror::copy {
namespace {

constexpr size_t kBlockSize = 256 << 10;
constexpr size_t kMostBlocks = 8;  // one takes three times what the server sent
constexpr int kHeartbeatMs = 50;

}  // namespace

RowStream::RowStream(postgres::Connection* connection, postgres::CopyOut copy, std::vector<Field> fields,
                     Options options)
    : connection_(connection),
      copy_(copy),
      fields_(std::move(fields)),
      options_(std::move(options)),
      queue_(kMostBlocks) {}

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
  BinaryRows walker(fields_.size());
  bool more = true;
  while (more) {
    RowBlock block = queue_.Spare();
    block.Clear();
    block.bytes().reserve(kBlockSize + kBlockSize / 4);
    const absl::StatusOr<bool> read = copy_.Read(kBlockSize, stop_, &block.bytes());
    if (!read.ok()) return queue_.Close(read.status());
    more = *read;
    // A consumer that has gone still wants the rest of the answer read, so that the connection can be used again.
    if (block.bytes().empty() || stop_) continue;
    block.Decode(fields_, options_.null, &walker);
    complete_ = walker.complete();
    queue_.Push(std::move(block));
  }
  queue_.Close(absl::OkStatus());
}

void RowStream::Stop() {
  if (!reader_.joinable()) return;
  stop_ = true;
  queue_.Abandon();
  if (!complete_) connection_->Cancel();
  reader_.join();
}

absl::StatusOr<bool> RowStream::NextBlock() {
  while (true) {
    if (options_.heartbeat) RETURN_IF_ERROR(options_.heartbeat(rows_));
    queue_.Recycle(std::move(block_));
    block_.Clear();
    given_ = 0;
    switch (queue_.Pop(kHeartbeatMs, &block_)) {
      case QueueOutcome::kItem:
        return true;
      case QueueOutcome::kEnd:
        RETURN_IF_ERROR(queue_.status());
        if (!complete_) return absl::DataLossError("the server's data ended before its last row");
        return false;
      case QueueOutcome::kTimeout:
        break;
    }
  }
}

absl::StatusOr<const types::Value*> RowStream::NextRow() {
  while (given_ >= block_.rows()) {
    RETURN_IF_ERROR(block_.status());
    ASSIGN_OR_RETURN(const bool block, NextBlock());
    if (!block) return nullptr;
  }
  return block_.Row(given_++);
}

absl::StatusOr<const types::Value*> RowStream::Next() {
  if (left_ == 0 || at_end_) return nullptr;
  absl::StatusOr<const types::Value*> row = NextRow();
  if (!row.ok()) {
    status_ = row.status();
  } else if (*row != nullptr) {
    ++rows_;
    --left_;
  } else {
    at_end_ = true;
  }
  return row;
}

absl::Status RowStream::Finish() {
  RETURN_IF_ERROR(status_);
  if (!at_end_) {
    ASSIGN_OR_RETURN(const types::Value* const row, NextRow());
    if (row != nullptr) return absl::InternalError("not all rows were read");
  }
  Stop();
  return absl::OkStatus();
}

}  // namespace deltamirror::copy
