// What a slot of plugin pgoutput sends, as the lines that a slot of ours would have sent.

#ifndef DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_
#define DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "deltastream/server_catalog.h"
#include "deltastream/slot_log.h"
#include "pgoutput/translator.h"
#include "postgres/connection.h"
#include "postgres/replication.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {

// NotFound, with what to do, if there is no such publication: the server itself looks for it only when a change comes.
// Works on a connection for replication.
absl::Status CheckPublication(postgres::Connection& connection, const std::string& publication);

// For START_REPLICATION. Version 1 of the protocol brings all that lines are made of: a transaction comes when it has
// committed, and the server keeps it until then.
postgres::ReplicationStream::Options PgoutputOptions(const std::string& publication);

// For one START_REPLICATION.
class PgoutputFeed {
 public:
  struct Options {
    std::string conninfo;  // for the catalog
    std::string publication;
    types::TableList tables;
    postgres::InterruptCheck interrupt;
  };

  explicit PgoutputFeed(const Options& options);
  PgoutputFeed(const PgoutputFeed&) = delete;
  PgoutputFeed& operator=(const PgoutputFeed&) = delete;

  // Gives the lines of one message to `log`: not each by itself, but the last of a transaction with its end. A
  // transaction that has no lines is passed over in the log.
  absl::Status Take(absl::string_view message, SlotLog* log);

  // Whether a part of a transaction has come.
  bool in_transaction() const { return translator_.in_transaction(); }

 private:
  ServerCatalog catalog_;
  pgoutput::Translator translator_;
  std::string lines_;  // not yet given to the log
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_PGOUTPUT_FEED_H_
