// What a slot of plugin pgoutput sends, as the lines that a slot of ours would have sent.

#ifndef DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_
#define DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "deltastream/server_catalog.h"
#include "deltastream/side_connection.h"
#include "deltastream/slot_log.h"
#include "deltastream/storage_watch.h"
#include "deltastream/streamed_transactions.h"
#include "deltastream/sync_schedule.h"
#include "pgoutput/message.h"
#include "pgoutput/translator.h"
#include "postgres/connection.h"
#include "postgres/replication.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {

// NotFound, with what to do, if there is no such publication: the server itself looks for it only when a change comes.
// Works on a connection for replication.
absl::Status CheckPublication(postgres::Connection& connection, const std::string& publication);

// Whether a server of this version (150020 for 15.20) can stream large transactions before they end, so that it need
// not keep them: from PostgreSQL 14 on.
bool CanStreamInPieces(int server_version);

// For START_REPLICATION: the newest version of the protocol that the server knows. `in_pieces`: what it can stream
// before it ends, it streams.
postgres::ReplicationStream::Options PgoutputOptions(const std::string& publication, int server_version,
                                                     bool in_pieces);

// For one START_REPLICATION.
class PgoutputFeed {
 public:
  struct Options {
    std::string conninfo;  // for the catalog
    std::string slot;
    std::string publication;
    types::TableList tables;
    std::string directory;  // for what is streamed and does not fit into memory: the daystream's
    absl::Duration silence = absl::InfiniteDuration();  // see postgres::Connection::Options
    postgres::InterruptCheck interrupt;
  };

  explicit PgoutputFeed(const Options& options);
  PgoutputFeed(const PgoutputFeed&) = delete;
  PgoutputFeed& operator=(const PgoutputFeed&) = delete;

  // Gives the lines of one message to `log`: not each by itself, but the last of a transaction with its end. A
  // transaction that has no lines is passed over in the log. Nothing of one that is streamed before its commit. Not
  // while has_more().
  absl::Status Take(absl::string_view message, SlotLog* log);

  // A transaction that was streamed has committed, and waits to be given to the log: a part of it with each call of
  // Continue, so that the caller can see to other things in between.
  bool has_more() const { return streams_.committed() != nullptr; }
  absl::Status Continue(SlotLog* log);

  // Whether a transaction has come in part, or was given in part.
  bool in_transaction() const { return translator_.in_transaction(); }

  // Now and then, and at the beginning: looks for what happened to tables that pgoutput does not tell. Returns an LSN
  // that the stream must come to for all of it to be told, 0 if there is nothing to be told.
  bool MustLook(Clock::time_point now) const { return storage_.IsDue(now); }
  absl::StatusOr<uint64_t> Look();

  // The end of this transaction is told, though it changes nothing.
  void ExpectHeartbeat(uint32_t xid) { heartbeat_ = xid; }

  // To be done before the server is told that everything up to `durable` is safe.
  absl::Status Save(uint64_t durable) { return storage_.Save(durable); }

 private:
  absl::Status Translate(absl::string_view message, SlotLog* log);
  absl::Status EndTransaction(SlotLog* log);
  absl::StatusOr<pgoutput::CatalogEntry> Describe(const pgoutput::RelationMessage& message, uint32_t xid);
  bool AppendLines(const pgoutput::Begin& begin, const pgoutput::Commit& commit, std::string* lines);

  SideConnection connection_;
  ServerCatalog catalog_;
  StorageWatch storage_;
  pgoutput::Translator translator_;
  StreamedTransactions streams_;
  std::optional<uint32_t> heartbeat_;
  std::string lines_;  // not yet given to the log
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_
