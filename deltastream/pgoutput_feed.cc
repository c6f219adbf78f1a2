#include "deltastream/pgoutput_feed.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

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

// Whether there was a column list.
bool LeavesColumnsOut(const pgoutput::CatalogEntry& entry, const std::set<int>& hidden) {
  return entry.relation.has_value() &&
         std::any_of(entry.relation->columns.begin(), entry.relation->columns.end(), [&hidden](const auto& column) {
           return column.generated.empty() && hidden.count(column.attnum) > 0;
         });
}

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

bool CanStreamInPieces(int server_version) {
  return server_version >= 140000;
}

postgres::ReplicationStream::Options PgoutputOptions(const std::string& publication, int server_version,
                                                     bool in_pieces) {
  const char* const version = server_version >= 160000   ? "4"
                              : server_version >= 150000 ? "3"
                              : server_version >= 140000 ? "2"
                                                         : "1";
  postgres::ReplicationStream::Options options = {{"proto_version", version},
                                                  {"publication_names", QuoteIdentifier(publication)}};
  if (in_pieces) options.emplace_back("streaming", "on");
  // From PostgreSQL 15 on, a transaction without a published row is sent only with a message in it. (Their content is
  // nobody's business here.)
  if (server_version >= 140000) options.emplace_back("messages", "true");
  return options;
}

PgoutputFeed::PgoutputFeed(const Options& options)
    : connection_(options.conninfo, {.interrupt = options.interrupt, .silence = options.silence}),
      catalog_(&connection_, options.publication),
      storage_({.slot = options.slot,
                .publication = options.publication,
                .tables = options.tables,
                .directory = options.directory}),
      translator_(
          {.tables = options.tables,
           .catalog = [this](const pgoutput::RelationMessage& message, uint32_t xid) { return Describe(message, xid); },
           .on_truncate = [this](uint32_t relid, uint32_t xid) { storage_.NoteTruncate(relid, xid); },
           .at_end = [this](const pgoutput::Begin& begin, const pgoutput::Commit& commit,
                            std::string* lines) { return AppendLines(begin, commit, lines); }}),
      streams_(options.directory) {}

absl::StatusOr<pgoutput::CatalogEntry> PgoutputFeed::Describe(const pgoutput::RelationMessage& message, uint32_t xid) {
  ASSIGN_OR_RETURN(pgoutput::CatalogEntry entry, catalog_.Describe(message, xid));
  std::optional<std::set<int>> hidden = storage_.HiddenColumns(message.relid);
  entry.in_order = entry.in_order && hidden.has_value() && !LeavesColumnsOut(entry, *hidden);
  entry.hidden_before = std::move(hidden).value_or(std::set<int>());
  if (!entry.relation.has_value()) storage_.NoteGone(message);
  return entry;
}

absl::Status PgoutputFeed::Take(absl::string_view message, SlotLog* log) {
  ASSIGN_OR_RETURN(const bool streamed, streams_.Take(message));
  if (!streamed) return Translate(message, log);
  if (!has_more()) return absl::OkStatus();
  const pgoutput::Commit& commit = streams_.commit();
  return translator_.BeginTransaction(
      {.final_lsn = commit.commit_lsn, .commit_time = commit.commit_time, .xid = streams_.committed()->xid()});
}

absl::StatusOr<uint64_t> PgoutputFeed::Look() {
  uint64_t lsn = 0;
  RETURN_IF_ERROR(connection_.Use([&](postgres::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(lsn, storage_.Look(connection));
    return absl::OkStatus();
  }));
  return lsn;
}

absl::Status PgoutputFeed::Continue(SlotLog* log) {
  ASSIGN_OR_RETURN(const bool more, streams_.committed()->Take(
                                        [this, log](absl::string_view message) { return Translate(message, log); }));
  if (more) return absl::OkStatus();
  RETURN_IF_ERROR(translator_.EndTransaction(streams_.commit(), &lines_));
  streams_.Finish();
  return EndTransaction(log);
}

absl::Status PgoutputFeed::Translate(absl::string_view message, SlotLog* log) {
  ASSIGN_OR_RETURN(const pgoutput::Translator::Event event, translator_.Translate(message, &lines_));
  if (event == pgoutput::Translator::Event::kCommit) return EndTransaction(log);
  if (lines_.size() < kBatchSize) return absl::OkStatus();
  RETURN_IF_ERROR(log->Take(lines_, 0));
  lines_.clear();
  if (lines_.capacity() > kKeptCapacity) lines_.shrink_to_fit();
  return absl::OkStatus();
}

// What a transaction's end brings beside its changes. Whether it is to be told in any case.
bool PgoutputFeed::AppendLines(const pgoutput::Begin& begin, const pgoutput::Commit& commit, std::string* lines) {
  const bool is_heartbeat = heartbeat_ == begin.xid;
  if (is_heartbeat) heartbeat_.reset();
  return storage_.AppendLines(begin, commit, lines) || is_heartbeat;
}

absl::Status PgoutputFeed::EndTransaction(SlotLog* log) {
  RETURN_IF_ERROR(log->Take(lines_, translator_.end_lsn()));
  lines_.clear();
  log->Pass(translator_.end_lsn());
  return absl::OkStatus();
}

}  // namespace deltamirror::deltastream
