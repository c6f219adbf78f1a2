// CreateSlot of postgres/slot.h: choosing the plugin, and leaving nothing behind when a step fails.

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "postgres/filter_names.h"
#include "postgres/publication.h"
#include "postgres/server_ready.h"
#include "postgres/slot.h"
#include "postgres/slot_record.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_filters.h"
#include "types/table_list.h"

namespace deltamirror::postgres {
namespace {

constexpr char kDeltaflood[] = "deltaflood";
constexpr char kPgoutput[] = "pgoutput";

// A cancelled query still holds the slot for a moment.
constexpr absl::Duration kUndoPatience = absl::Seconds(2);

// What has been made so far, for Undo.
struct Made {
  bool slot = false;
  bool publication = false;
};

// From the releases of August 2026 on a server loads only the plugins of this setting's list, which its hint names.
bool IsNotListed(const absl::Status& status) {
  return SqlState(status) == "42501" && absl::StrContains(status.message(), "output_plugin_libraries");
}

bool IsNotInstalled(const absl::Status& status) {
  return SqlState(status) == "58P01";
}

// The role may not, or nobody may: the server is a standby (25006).
bool CannotWrite(const absl::Status& status) {
  return status.code() == absl::StatusCode::kPermissionDenied || SqlState(status) == "25006";
}

absl::Status ExplainPlugin(const absl::Status& status) {
  if (IsNotListed(status)) {
    return absl::FailedPreconditionError(
        "the server may not load output plugin \"deltaflood\": its setting output_plugin_libraries does not list it. "
        "Add deltaflood to output_plugin_libraries, for example ALTER SYSTEM SET output_plugin_libraries = pgoutput, "
        "test_decoding, deltaflood, and reload the configuration with SELECT pg_reload_conf()");
  }
  if (IsNotInstalled(status)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server cannot find output plugin \"deltaflood\": ", status.message(),
        ". Install deltaflood.so into the server's library folder (pg_config --pkglibdir), or add its folder to the "
        "server's setting dynamic_library_path"));
  }
  return status;
}

absl::Status CheckOptions(const Connection& connection, const SlotOptions& options) {
  if (!options.publication.empty() && options.plugin == kDeltaflood) {
    return absl::InvalidArgumentError(absl::StrCat("option \"publication\" with value \"", options.publication,
                                                   "\" is for plugin \"pgoutput\", but the plugin is \"deltaflood\""));
  }
  if (!options.publication.empty() && !options.tables.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("options \"publication\" with value \"", options.publication,
                                                   "\" and \"tables\" with value \"", options.tables,
                                                   "\" exclude each other: a publication says which tables it has"));
  }
  if (options.failover && options.temporary) {
    return absl::InvalidArgumentError(
        "options \"failover\" and \"temporary\" exclude each other: a temporary slot goes with its connection, and no "
        "standby keeps it");
  }
  if (options.failover && connection.server_version() < 170000) {
    return absl::FailedPreconditionError(
        absl::StrCat("option \"failover\" needs PostgreSQL 17 or later, the server is ",
                     connection.server_version() / 10000, ".", connection.server_version() % 10000));
  }
  return absl::OkStatus();
}

absl::Status CheckTable(Connection& connection, const types::TableList::Entry& entry) {
  if (!entry.schema.has_value()) return absl::OkStatus();
  if (!entry.table.has_value()) {
    ASSIGN_OR_RETURN(const Result schema,
                     connection.Execute(absl::StrCat("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ",
                                                     QuoteLiteral(*entry.schema))));
    if (schema.rows() > 0) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("schema \"", *entry.schema, "\" of option \"tables\" does not exist"));
  }
  ASSIGN_OR_RETURN(const Result table,
                   connection.Execute(absl::StrCat(
                       "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                       "WHERE c.relkind IN ('r', 'p') AND n.nspname = ",
                       QuoteLiteral(*entry.schema), " AND c.relname = ", QuoteLiteral(*entry.table))));
  if (table.rows() > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("table \"", types::TargetName(*entry.schema, *entry.table),
                                          "\" of option \"tables\" does not exist"));
}

absl::Status CheckPublication(Connection& connection, const std::string& publication) {
  ASSIGN_OR_RETURN(const Result found,
                   connection.Execute(absl::StrCat("SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = ",
                                                   QuoteLiteral(publication))));
  if (found.rows() > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("publication \"", publication,
                                          "\" does not exist. Make it with CREATE PUBLICATION, or leave the "
                                          "option \"publication\" out to have one made"));
}

// A filter is for a table that the stream has.
absl::Status CheckFiltered(const types::TableFilters& filters, const types::TableList& tables,
                           const SlotOptions& options) {
  if (!options.publication.empty() && !filters.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("options \"publication\" with value \"", options.publication,
                                                   "\" and \"filters\" exclude each other: a publication says which "
                                                   "columns and rows it has"));
  }
  for (const types::TableFilter& filter : filters.filters()) {
    if (tables.Matches(filter.schema, filter.table)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("table \"", types::TargetName(filter.schema, filter.table),
                     "\" of option \"filters\" is not one of option \"tables\" with value \"", options.tables, "\""));
  }
  return absl::OkStatus();
}

class Creation {
 public:
  Creation(Connection& connection, const std::string& name, const SlotOptions& options)
      : connection_(connection), name_(name), options_(options) {}

  const Made& made() const { return made_; }

  absl::Status Check() {
    RETURN_IF_ERROR(CheckOptions(connection_, options_));
    ASSIGN_OR_RETURN(const std::optional<Slot> slot, FindSlot(connection_, name_));
    if (slot.has_value()) {
      return absl::AlreadyExistsError(absl::StrCat("replication slot \"", name_, "\" already exists"));
    }
    RETURN_IF_ERROR(CheckReadyForSlot(connection_));
    if (options_.failover) {
      RETURN_IF_ERROR(CheckIsPrimary(
          "which keeps the primary's slots of option \"failover\" and has none of its own. Make the slot on the "
          "primary"));
    }
    if (!options_.tables.empty()) {
      ASSIGN_OR_RETURN(tables_, types::TableList::Parse(options_.tables));
    }
    for (const types::TableList::Entry& entry : tables_.entries()) RETURN_IF_ERROR(CheckTable(connection_, entry));
    filters_ = options_.filters;
    RETURN_IF_ERROR(CheckFiltered(filters_, tables_, options_));
    RETURN_IF_ERROR(FixFilterNames(connection_, &filters_));
    if (!options_.publication.empty()) return CheckPublication(connection_, options_.publication);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Create() {
    std::string plugin = options_.plugin;
    if (plugin.empty() && options_.publication.empty()) {
      absl::StatusOr<std::string> created = CreateWithDeltaflood();
      if (created.ok() || !(IsNotListed(created.status()) || IsNotInstalled(created.status()))) return created;
    }
    if (plugin != kDeltaflood) return CreateWithPgoutput();
    absl::StatusOr<std::string> created = CreateWithDeltaflood();
    if (!created.ok()) return ExplainPlugin(created.status());
    return created;
  }

 private:
  absl::StatusOr<std::string> CreateWithDeltaflood() {
    SlotRecord record;
    record.filters = filters_.ToJson();
    if (!options_.temporary) record.tables = options_.tables;
    if (options_.temporary && !filters_.empty()) {
      return absl::InvalidArgumentError(
          "option \"filters\" cannot be remembered for a temporary slot of plugin \"deltaflood\". Give it to "
          "deltastream");
    }
    return CreateRecorded(kDeltaflood, record);
  }

  // `why`: what a standby cannot do, and what to do instead.
  absl::Status CheckIsPrimary(absl::string_view why) {
    ASSIGN_OR_RETURN(const bool standby, IsStandby(connection_));
    if (!standby) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("the server is a standby, ", why));
  }

  absl::StatusOr<std::string> CreateWithPgoutput() {
    SlotRecord record = {.publication = options_.publication};
    if (record.publication.empty()) {
      RETURN_IF_ERROR(CheckIsPrimary(
          "where no publication can be made. Make one on the primary, and name it with option \"publication\""));
      record.publication = name_;
      record.publication_made = true;
      // Of an earlier slot that went without pg_slot_drop: a temporary one, or one that SQL has dropped.
      ASSIGN_OR_RETURN(const SlotRecord left, RecallSlot(connection_, name_));
      if (left.publication_made) RETURN_IF_ERROR(ForgetSlot(connection_, name_));
      // Before the slot: decoding sees the catalog as it was, and must find it there.
      RETURN_IF_ERROR(CreatePublication(connection_, name_, tables_, filters_));
      made_.publication = true;
    }
    return CreateRecorded(kPgoutput, record);
  }

  // The slot last but one: making it takes long, and what may fail before it should. The row last: until the slot is
  // there, the name may be another's.
  absl::StatusOr<std::string> CreateRecorded(absl::string_view plugin, SlotRecord record) {
    // What the user named can be named to deltastream as well, by a role that may not write it down.
    const bool may_be_forgotten = !record.publication_made && record.tables.empty() && record.filters.empty();
    if (record != SlotRecord()) {
      const absl::Status prepared = PrepareSlotRecords(connection_, record);
      if (!may_be_forgotten || !CannotWrite(prepared)) RETURN_IF_ERROR(prepared);
      if (!prepared.ok()) record = SlotRecord();
    }
    std::string sql = absl::StrCat("SELECT lsn FROM pg_create_logical_replication_slot(", QuoteLiteral(name_), ", ",
                                   QuoteLiteral(plugin), ", temporary => ", options_.temporary ? "true" : "false");
    if (options_.failover) absl::StrAppend(&sql, ", failover => true");
    const absl::StatusOr<Result> created = connection_.Execute(sql + ")");
    // After an interrupt, or without a connection, nobody knows.
    made_.slot = created.ok() || SqlState(created.status()).empty();
    RETURN_IF_ERROR(created.status());
    const std::string lsn(created->text(0, 0));
    if (!record.filters.empty()) RETURN_IF_ERROR(CheckFilters(record.filters, lsn));
    const absl::Status remembered = RememberSlot(connection_, name_, record);
    if (!may_be_forgotten || !CannotWrite(remembered)) RETURN_IF_ERROR(remembered);
    return lsn;
  }

  // The plugin itself knows best what it can filter by. There is nothing to read in the slot yet.
  absl::Status CheckFilters(const std::string& filters, const std::string& lsn) {
    return connection_
        .Execute(absl::StrCat("SELECT count(*) FROM pg_logical_slot_peek_changes(", QuoteLiteral(name_), ", ",
                              QuoteLiteral(lsn),
                              ", 1, 'mirror', 'true', 'partition-root', 'true', 'check-filters', "
                              "'true', 'filters', ",
                              QuoteLiteral(filters), ")"))
        .status();
  }

  Connection& connection_;
  const std::string& name_;
  const SlotOptions& options_;
  types::TableList tables_;
  types::TableFilters filters_;  // with what their names mean
  Made made_;
};

// On a connection of its own that nothing interrupts: the first may be in the middle of a cancelled query.
absl::Status Undo(const std::string& conninfo, const std::string& name, const Made& made) {
  if (!made.slot && !made.publication) return absl::OkStatus();
  ASSIGN_OR_RETURN(Connection connection, Connection::Open(conninfo, {}));
  if (made.slot) {
    ASSIGN_OR_RETURN(const std::optional<Slot> slot, FindFreeSlot(connection, name, kUndoPatience));
    if (slot.has_value()) {
      RETURN_IF_ERROR(
          connection.Execute(absl::StrCat("SELECT pg_drop_replication_slot(", QuoteLiteral(name), ")")).status());
    }
  }
  if (!made.publication) return absl::OkStatus();
  return connection.Execute(absl::StrCat("DROP PUBLICATION IF EXISTS ", QuoteIdentifier(name))).status();
}

}  // namespace

absl::StatusOr<CreatedSlot> CreateSlot(const std::string& conninfo, const std::string& name, const SlotOptions& options,
                                       InterruptCheck interrupt) {
  Made made;
  absl::Status failed;
  {
    // Only a connection for replication can later read the temporary slot that it has made.
    ASSIGN_OR_RETURN(Connection connection,
                     Connection::Open(conninfo, {.replication = options.temporary, .interrupt = std::move(interrupt)}));
    Creation creation(connection, name, options);
    RETURN_IF_ERROR(creation.Check());
    absl::StatusOr<std::string> created = creation.Create();
    if (created.ok()) return CreatedSlot{*std::move(created), std::move(connection)};
    failed = created.status();
    made = creation.made();
  }
  const absl::Status undone = Undo(conninfo, name, made);
  if (undone.ok()) return failed;
  return Extended(failed, absl::StrCat(". What was made for the slot could not be dropped again: ", undone.message(),
                                       ". Drop it with pg_slot_drop"));
}

}  // namespace deltamirror::postgres
