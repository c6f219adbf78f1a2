// Turns pgoutput's messages into deltaflood lines: the same that the plugin deltaflood writes when it is asked for a
// mirror's (docs/formats.md).
//
//   Translator translator({.catalog = AskTheServer});
//   std::string lines;
//   ASSIGN_OR_RETURN(const Translator::Event event, translator.Translate(bytes, &lines));
//   if (event == Translator::Event::kCommit) Confirm(translator.end_lsn());
//
// A transaction that was streamed before it ended comes as a whole, too, when it has: Begin, what SplitStreamed left of
// its messages, Commit.
//
// What pgoutput does not carry is described in docs/sql.md, under deltastream.

#ifndef DELTAMIRROR_PGOUTPUT_TRANSLATOR_H_
#define DELTAMIRROR_PGOUTPUT_TRANSLATOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pgoutput/catalog.h"
#include "pgoutput/message.h"
#include "pgoutput/shape.h"
#include "types/relation.h"
#include "types/table_list.h"

namespace deltamirror::pgoutput {

// One translator for one START_REPLICATION: it remembers the tables that the server has described since. For one
// thread.
class Translator {
 public:
  struct Options {
    types::TableList tables;  // other tables' changes give no lines
    Catalog catalog;          // null: only what the messages say
    // Told of each TRUNCATE that has given a line; may be null.
    std::function<void(uint32_t relid, uint32_t xid)> on_truncate;
    // Asked at the end of each transaction: may append lines of its own, which must be of this transaction. True: the
    // transaction's end is told, though it may have no other lines. May be null.
    std::function<bool(const Begin&, const Commit&, std::string* lines)> at_end;
  };

  enum class Event : uint8_t {
    kMore,    // the transaction goes on, or there is none
    kCommit,  // it has ended
  };

  explicit Translator(Options options) : options_(std::move(options)) {}
  Translator(const Translator&) = delete;
  Translator& operator=(const Translator&) = delete;

  // Appends the lines of one message, each with its LF, to `lines`, which is empty or ends with an LF: none, or a few.
  // A transaction without changes has none at all. An error (see Decode; DataLoss also for a message out of order, or
  // one that does not fit its table) ends the stream: what was appended belongs to no whole transaction.
  absl::StatusOr<Event> Translate(absl::string_view bytes, std::string* lines);

  // What the messages Begin and Commit do, for a transaction that was streamed.
  absl::Status BeginTransaction(const Begin& begin);
  absl::Status EndTransaction(const Commit& commit, std::string* lines);

  // After a kCommit: behind the transaction, what may be confirmed once it is safe.
  uint64_t end_lsn() const { return end_lsn_; }

  // Between a Begin and its Commit.
  bool in_transaction() const { return in_transaction_; }

 private:
  struct Column {
    std::string key;       // TAB, escaped name, TAB
    bool is_bool = false;  // of that type or a domain over it
    bool in_key = false;
  };

  struct Table {
    RelationMessage message;
    // What follows is right if `described`.
    bool described = false;
    bool included = false;
    bool without_rows = false;
    bool announced = false;       // `printed` is the shape
    bool doubtful = false;        // as in Shape
    std::string head;             // "_table TAB name", and the schema
    std::vector<Column> columns;  // as in the message
    types::Relation shape;
    std::optional<types::Relation> printed;  // the shape that the last relation line told of
  };

  absl::Status TakeRelation();
  absl::Status TranslateChange(std::string* lines);
  absl::Status TranslateTruncate(std::string* lines);
  absl::StatusOr<Table*> FindTable(uint32_t relid);
  absl::Status Describe(Table* table);
  static void BuildLayout(Table* table);
  absl::Status CheckRow(const Table& table, const Row& row) const;
  void Announce(Table* table, std::string* lines);
  void StartLine(const Table& table, absl::string_view action, std::string* lines) const;
  absl::Status AppendNewRow(const Table& table, std::string* lines) const;
  absl::Status AppendOldRow(const Table& table, std::string* lines) const;
  absl::Status AppendValue(const Table& table, const Column& column, const Value& value, std::string* lines) const;

  const Options options_;
  Message message_;
  Begin begin_;  // of the transaction
  uint64_t end_lsn_ = 0;
  bool in_transaction_ = false;
  bool printed_ = false;  // the transaction has lines
  std::string ids_;       // TAB, its xid and LSN, as fields
  std::map<uint32_t, Table> tables_;
  Table* last_ = nullptr;  // of the last change; in tables_
  TypeNames type_names_;
};

}  // namespace deltamirror::pgoutput

#endif  // DELTAMIRROR_PGOUTPUT_TRANSLATOR_H_
