#include "mirror/decode_ahead.h"

#include <utility>

namespace deltamirror::mirror {
namespace {

// Rows after which whoever waits is told.
constexpr size_t kTellEvery = 16;
// More than any number of rows: the work ended at a row that could not be decoded.
constexpr uint32_t kFailed = UINT32_MAX;

}  // namespace

bool DecodeAhead::Start(size_t rows, size_t columns, DecodeRow decode) {
  if (worker_ == nullptr || rows < kLeastRows || rows * columns > kMostValues) return false;
  rows_ = rows;
  columns_ = columns;
  decode_ = std::move(decode);
  memory_.Clear();
  values_.resize(rows * columns);
  decoded_ = 0;
  stop_ = false;
  started_ = worker_->Start([this] { Run(); });
  return started_;
}

absl::StatusOr<const types::Value*> DecodeAhead::Row(size_t row) {
  uint32_t decoded = decoded_;
  for (; decoded <= row; decoded = decoded_) decoded_.wait(decoded);
  if (decoded == kFailed && row >= failed_row_) return status_;
  return values_.data() + row * columns_;
}

void DecodeAhead::Stop() {
  if (!started_) return;
  stop_ = true;
  worker_->Wait();
  started_ = false;
}

// The other thread.
void DecodeAhead::Run() {
  for (size_t row = 0; row < rows_ && !stop_; ++row) {
    absl::Status status = decode_(row, &memory_, values_.data() + row * columns_);
    if (!status.ok()) {
      failed_row_ = row;
      status_ = std::move(status);
      return Tell(kFailed);
    }
    if ((row + 1) % kTellEvery == 0) Tell(static_cast<uint32_t>(row) + 1);
  }
  Tell(static_cast<uint32_t>(rows_));
}

void DecodeAhead::Tell(uint32_t decoded) {
  decoded_ = decoded;
  decoded_.notify_one();
}

}  // namespace deltamirror::mirror
