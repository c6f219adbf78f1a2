// The messages of pgoutput, the output plugin that every PostgreSQL server has. The format is described in PostgreSQL's
// documentation under "Logical Replication Message Formats"; its versions 1 to 4 write these messages alike. From
// version 2 on a transaction may be streamed before it ends, if that was asked for (see SplitStreamed). Prepared
// transactions, which have to be asked for, too, are not decoded.
//
//   Message message;
//   RETURN_IF_ERROR(Decode(bytes, &message));
//   if (message.type == MessageType::kInsert) Insert(message.change.relid, message.change.new_row);

#ifndef DELTAMIRROR_PGOUTPUT_MESSAGE_H_
#define DELTAMIRROR_PGOUTPUT_MESSAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::pgoutput {

// The values are the bytes that messages begin with.
enum class MessageType : char {
  kBegin = 'B',
  kCommit = 'C',
  kOrigin = 'O',
  kRelation = 'R',
  kType = 'Y',
  kInsert = 'I',
  kUpdate = 'U',
  kDelete = 'D',
  kTruncate = 'T',
  kMessage = 'M',
  kStreamStart = 'S',
  kStreamStop = 'E',
  kStreamCommit = 'c',
  kStreamAbort = 'A',
};

// "Begin", "Relation", ..., as PostgreSQL's documentation has them.
absl::string_view MessageName(MessageType type);

struct Begin {
  uint64_t final_lsn = 0;   // of the transaction's commit
  int64_t commit_time = 0;  // microseconds since 1970-01-01 00:00:00 UTC
  uint32_t xid = 0;         // of the top-level transaction
};

struct Commit {
  uint64_t commit_lsn = 0;  // Begin's final_lsn
  uint64_t end_lsn = 0;     // behind the transaction: what may be confirmed once it is safe
  int64_t commit_time = 0;  // microseconds since 1970-01-01 00:00:00 UTC
};

// The transaction was replicated to the server from elsewhere.
struct Origin {
  uint64_t commit_lsn = 0;  // there
  std::string name;
};

struct RelationColumn {
  std::string name;
  uint32_t type = 0;    // OID, of a domain its own
  int32_t typmod = -1;  // as in pg_attribute
  bool in_key = false;  // part of the replica identity; all are under FULL
  bool operator==(const RelationColumn&) const = default;
};

// A table as it was when the changes that follow were made. Generated columns, and those that are not in the
// publication's column list, are missing.
struct RelationMessage {
  uint32_t relid = 0;
  std::string schema;
  std::string table;
  char identity = 'd';  // pg_class.relreplident: d(efault), i(ndex), f(ull) or n(othing)
  std::vector<RelationColumn> columns;
  bool operator==(const RelationMessage&) const = default;
};

// The name of a type that is not built in; comes before the relations that use it.
struct TypeName {
  uint32_t oid = 0;
  std::string schema;
  std::string name;
};

struct Value {
  enum class Kind : char {
    kNull = 'n',
    kUnchanged = 'u',  // a TOAST value that the update did not touch, and that is not sent
    kText = 't',
    kBinary = 'b',
  };

  Kind kind = Kind::kNull;
  absl::string_view bytes;  // empty for kNull and kUnchanged
};

// A value for each column of the relation, in its order.
using Row = std::vector<Value>;

enum class OldRow : char {
  kNone = 0,
  kKey = 'K',   // only the replica identity's columns have values, the others are NULL
  kFull = 'O',  // REPLICA IDENTITY FULL
};

// An Insert, Update or Delete.
struct Change {
  uint32_t relid = 0;
  OldRow old_kind = OldRow::kNone;
  Row old_row;  // empty with kNone
  Row new_row;  // empty for a Delete
};

struct Truncate {
  bool cascade = false;
  bool restart_identity = false;
  std::vector<uint32_t> relids;
};

// What pg_logical_emit_message wrote.
struct LogicalMessage {
  bool transactional = false;
  uint64_t lsn = 0;
  std::string prefix;
  absl::string_view content;
};

// What follows, up to the Stream Stop, is of this transaction, which has not ended yet.
struct StreamStart {
  uint32_t xid = 0;
  bool first_segment = false;  // nothing of it has come before
};

// A transaction that was streamed has ended well: what came of it counts, in the order in which it came.
struct StreamCommit {
  uint32_t xid = 0;
  Commit commit;
};

// What came of a subtransaction counts no more, or, if subxid is xid, all that came of the transaction.
struct StreamAbort {
  uint32_t xid = 0;
  uint32_t subxid = 0;
};

// Only the member that `type` names was filled in; the others hold whatever an earlier message left there. Meant to be
// used again and again: vectors keep their capacity.
struct Message {
  MessageType type = MessageType::kBegin;
  Begin begin;
  Commit commit;
  Origin origin;
  RelationMessage relation;
  TypeName type_name;
  Change change;
  Truncate truncate;
  LogicalMessage logical;
  StreamStart stream_start;
  StreamCommit stream_commit;
  StreamAbort stream_abort;
};

// `bytes` is one whole message: the data of one XLogData. Values point into it. DataLoss, naming message, offset, what
// was expected and what came, if it is not one of the above from its first byte to its last; Unimplemented for a
// message of a prepared transaction. After an error the content of `out` is not specified.
absl::Status Decode(absl::string_view bytes, Message* out);

// A message between Stream Start and Stream Stop: its type, the (sub)transaction that it belongs to, and what is left
// of it. Type and rest, put together again, are what Decode takes.
struct Streamed {
  MessageType type = MessageType::kBegin;
  uint32_t xid = 0;        // 0 in an Origin, which has none
  absl::string_view rest;  // points into the message
};

// DataLoss for a message that has no place there, or that is too short.
absl::StatusOr<Streamed> SplitStreamed(absl::string_view bytes);

}  // namespace deltamirror::pgoutput

#endif  // DELTAMIRROR_PGOUTPUT_MESSAGE_H_
