#include "daystream/read_ahead.h"

#include <utility>

#include "absl/memory/memory.h"
#include "status/status_macros.h"
#include "threads/thread.h"

namespace deltamirror::daystream {
namespace {

constexpr size_t kMostBatches = 4;
constexpr int kLongestWaitMs = 1000;

}  // namespace

absl::StatusOr<std::unique_ptr<ReadAhead>> ReadAhead::Open(absl::string_view source, const ReaderOptions& options,
                                                           RowDecoder* decoder) {
  ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, Reader::Open(source, options));
  return absl::WrapUnique(new ReadAhead(std::move(reader), decoder));
}

ReadAhead::~ReadAhead() {
  if (queue_.has_value()) queue_->Abandon();
  Stop();
}

absl::StatusOr<bool> ReadAhead::Next(Line* line) {
  // Not before: the line given last stands in the reader's buffer.
  if (in_a_row_ >= kBacklog) Start();
  if (thread_.joinable()) {
    if ((batch_ != nullptr && given_ < batch_->size()) || NextBatch()) {
      batch_->Prefetch(given_);
      *line = batch_->Get(given_++);
      return true;
    }
    // The thread has come to the present end, or to an error, which the reader keeps.
    Stop();
  }
  ASSIGN_OR_RETURN(const bool got, reader_->Next(line));
  in_a_row_ = got ? in_a_row_ + line->text.size() : 0;
  return got;
}

Position ReadAhead::last_read() const {
  return thread_.joinable() ? batch_->Get(given_ - 1).position : reader_->last_read();
}

std::string ReadAhead::Where() const {
  if (!thread_.joinable()) return reader_->Where();
  return PlaceText(batch_->Get(given_ - 1).offset, batch_->FileOf(given_ - 1));
}

void ReadAhead::Start() {
  in_a_row_ = 0;
  queue_.emplace(kMostBatches);
  absl::StatusOr<std::thread> thread = StartThread([this] { Run(); });
  // Where the system has none to give, reading goes on without.
  if (thread.ok()) thread_ = *std::move(thread);
}

void ReadAhead::Stop() {
  if (thread_.joinable()) thread_.join();
  batch_.reset();
  queue_.reset();
  given_ = 0;
}

// The thread.
void ReadAhead::Run() {
  while (true) {
    std::unique_ptr<LineBatch> batch = queue_->Spare();
    if (batch == nullptr) batch = std::make_unique<LineBatch>();
    batch->Clear();
    const absl::StatusOr<bool> more = Fill(batch.get());
    batch->Parse(&parser_);
    if (decoder_ != nullptr) batch->Decode(decoder_);
    if (!batch->empty() && !queue_->Push(std::move(batch))) return;
    if (!more.ok() || !*more) return queue_->Close(more.status());
  }
}

// False if there is nothing more to read at the moment.
absl::StatusOr<bool> ReadAhead::Fill(LineBatch* batch) {
  Line line;
  while (batch->bytes() < kBatchSize) {
    ASSIGN_OR_RETURN(const bool got, reader_->Next(&line));
    if (!got) return false;
    batch->Add(line, reader_->file());
  }
  return true;
}

bool ReadAhead::NextBatch() {
  if (batch_ != nullptr) queue_->Recycle(std::move(batch_));
  given_ = 0;
  QueueOutcome outcome = QueueOutcome::kTimeout;
  while (outcome == QueueOutcome::kTimeout) outcome = queue_->Pop(kLongestWaitMs, &batch_);
  return outcome == QueueOutcome::kItem;
}

}  // namespace deltamirror::daystream
