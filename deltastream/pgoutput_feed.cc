#include "deltastream/pgoutput_feed.h"

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pgoutput/message.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

// As large as the messages of our own plugin. More than that is only kept for a row that needs it.
constexpr size_t kBatchSize = 65536;
constexpr size_t kKeptCapacity = 4 * kBatchSize;

}  // namespace

absl::Status CheckPublication(postgres::Connection& connection, const std::string& publication) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection.Execute(absl::StrCat("SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = ",
                                                   QuoteLiteral(publication))));
  if (result.rows() > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("publication \"", publication,
                                          "\" does not exist. Name the one to be read with option \"publication\", or "
                                          "make the slot again with pg_slot_create, which makes one"));
}

postgres::ReplicationStream::Options PgoutputOptions(const std::string& publication) {
  return {{"proto_version", "1"}, {"publication_names", QuoteIdentifier(publication)}};
}

PgoutputFeed::PgoutputFeed(const Options& options)
    : catalog_(options.conninfo, options.publication, options.interrupt),
      translator_({.tables = options.tables, .catalog = [this](const pgoutput::RelationMessage& message, uint32_t xid) {
                     return catalog_.Describe(message, xid);
                   }}) {}

absl::Status PgoutputFeed::Take(absl::string_view message, SlotLog* log) {
  ASSIGN_OR_RETURN(const pgoutput::Translator::Event event, translator_.Translate(message, &lines_));
  const bool ends = event == pgoutput::Translator::Event::kCommit;
  if (!ends && lines_.size() < kBatchSize) return absl::OkStatus();
  RETURN_IF_ERROR(log->Take(lines_, ends ? translator_.end_lsn() : 0));
  lines_.clear();
  if (lines_.capacity() > kKeptCapacity) lines_.shrink_to_fit();
  if (ends) log->Pass(translator_.end_lsn());
  return absl::OkStatus();
}

}  // namespace deltamirror::deltastream
