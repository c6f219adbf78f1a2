#include "sqlite/companion.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/error.h"
#include "sqlite/row_source.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {
namespace {

// Of the virtual machine's steps, between two looks at the host.
constexpr int kStepsBetweenChecks = 1000000;

// Of each database, in KiB. With SQLite's own 2,000 a batch of changes whose keys lie apart is written to the file, and
// read again, several times before it is committed.
constexpr int64_t kLeastCache = 32768;

struct Database {
  std::string schema;
  std::string file;
};

// The databases of the host that are files, main first. As a statement, not as the table of that name: a SELECT from a
// table would begin to read main.
absl::StatusOr<std::vector<Database>> FilesOf(sqlite3* host) {
  ASSIGN_OR_RETURN(Statement list, Statement::Prepare(host, "PRAGMA database_list"));
  std::vector<Database> databases;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return databases;
    Database database = {std::string(list.ColumnText(1)), std::string(list.ColumnText(2))};
    const bool writable = sqlite3_db_readonly(host, database.schema.c_str()) == 0;
    if (!database.file.empty() && writable) databases.push_back(std::move(database));
  }
}

std::string Pragma(absl::string_view schema, absl::string_view name) {
  return absl::StrCat("PRAGMA ", QuoteIdentifier(schema), ".", name);
}

// What means something in a URI is written as %XX.
std::string Escaped(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '/' || c == '_' || c == '-' || c == '.') {
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return out;
}

// KiB that a database's page cache may take.
absl::StatusOr<int64_t> CacheSize(sqlite3* db, const std::string& schema) {
  ASSIGN_OR_RETURN(const int64_t size, QueryInt64(db, Pragma(schema, "cache_size")));
  if (size < 0) return -size;
  ASSIGN_OR_RETURN(const int64_t page_size, QueryInt64(db, Pragma(schema, "page_size")));
  return size * page_size / 1024;
}

}  // namespace

std::unique_ptr<Companion> Companion::Open(sqlite3* host) {
  const absl::StatusOr<std::vector<Database>> databases = FilesOf(host);
  if (!databases.ok() || databases->empty()) return nullptr;
  auto companion = std::unique_ptr<Companion>(new Companion());
  const bool main_is_file = databases->front().schema == "main";
  const std::string uri = main_is_file ? companion->UriOf(host, "main", databases->front().file) : ":memory:";
  const int rc = sqlite3_open_v2(uri.c_str(), &companion->db_,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_URI, nullptr);
  if (rc != SQLITE_OK) return nullptr;
  for (const Database& database : *databases) {
    // What does not work is the host's to do.
    if (companion->Attach(host, database.schema, database.file).ok()) companion->schemas_.push_back(database.schema);
  }
  if (companion->schemas_.empty() || RegisterRowSource(companion->db_) != SQLITE_OK) return nullptr;
  return companion;
}

Companion::~Companion() {
  if (sqlite3_close(db_) == SQLITE_OK) return;
  // A statement that outlives it keeps the connection, which then keeps what it was opened with.
  sqlite3_close_v2(db_);
  for (std::unique_ptr<BufferedVfs>& vfs : vfs_) static_cast<void>(vfs.release());
}

// The URI that opens the host's database `schema`, which is `file`, as the host has opened it: with its VFS and what
// that was told, but not with its cache.
std::string Companion::UriOf(sqlite3* host, const std::string& schema, const std::string& file) {
  std::string uri = absl::StrCat("file:", Escaped(file), "?cache=private");
  sqlite3_vfs* vfs = nullptr;
  const int rc = sqlite3_file_control(host, schema.c_str(), SQLITE_FCNTL_VFS_POINTER, &vfs);
  if (rc == SQLITE_OK && vfs != nullptr) {
    const bool buffer = BufferedVfs::CanBuffer(host, schema);
    if (buffer) vfs_.push_back(std::make_unique<BufferedVfs>(vfs));
    absl::StrAppend(&uri, "&vfs=", Escaped(buffer ? vfs_.back()->name() : vfs->zName));
  }
  const char* const name = sqlite3_db_filename(host, schema.c_str());
  for (int i = 0; name != nullptr; ++i) {
    const char* const key = sqlite3_uri_key(name, i);
    if (key == nullptr) break;
    // Of the last, more than we ask for would be an error.
    if (absl::string_view(key) == "cache" || absl::string_view(key) == "vfs" || absl::string_view(key) == "mode")
      continue;
    absl::StrAppend(&uri, "&", Escaped(key), "=", Escaped(sqlite3_uri_parameter(name, key)));
  }
  return uri;
}

absl::Status Companion::Attach(sqlite3* host, const std::string& schema, const std::string& file) {
  if (schema != "main") {
    RETURN_IF_ERROR(Execute(
        db_, absl::StrCat("ATTACH ", QuoteLiteral(UriOf(host, schema, file)), " AS ", QuoteIdentifier(schema))));
  }
  ASSIGN_OR_RETURN(const std::string locking, QueryText(host, Pragma(schema, "locking_mode")));
  if (locking == "exclusive") return absl::FailedPreconditionError("the host keeps the file to itself");
  // The journal mode shows only after a look into the file.
  RETURN_IF_ERROR(
      QueryInt64(db_, absl::StrCat("SELECT count(*) FROM ", QuoteQualified(schema, "sqlite_master"))).status());
  ASSIGN_OR_RETURN(const std::string journal, QueryText(db_, Pragma(schema, "journal_mode")));
  if (journal == "wal") return CopySettings(host, schema);
  // With a rollback journal a commit waits until nobody reads, and the host would wait for us.
  if (sqlite3_txn_state(host, schema.c_str()) != SQLITE_TXN_NONE) {
    return absl::FailedPreconditionError("the host reads the file");
  }
  ASSIGN_OR_RETURN(const std::string mode, QueryText(host, Pragma(schema, "journal_mode")));
  if (mode != journal) RETURN_IF_ERROR(Execute(db_, absl::StrCat(Pragma(schema, "journal_mode"), " = ", mode)));
  return CopySettings(host, schema);
}

absl::Status Companion::CopySettings(sqlite3* host, const std::string& schema) {
  ASSIGN_OR_RETURN(const int64_t synchronous, QueryInt64(host, Pragma(schema, "synchronous")));
  RETURN_IF_ERROR(Execute(db_, absl::StrCat(Pragma(schema, "synchronous"), " = ", synchronous)));
  ASSIGN_OR_RETURN(const int64_t cache, CacheSize(host, schema));
  RETURN_IF_ERROR(Execute(db_, absl::StrCat(Pragma(schema, "cache_size"), " = ", -std::max(cache, kLeastCache))));
  for (const char* name : {"busy_timeout", "foreign_keys"}) {
    ASSIGN_OR_RETURN(const int64_t value, QueryInt64(host, absl::StrCat("PRAGMA ", name)));
    RETURN_IF_ERROR(Execute(db_, absl::StrCat("PRAGMA ", name, " = ", value)));
  }
  return absl::OkStatus();
}

bool Companion::Has(absl::string_view schema) const {
  for (const std::string& known : schemas_) {
    if (absl::EqualsIgnoreCase(known, schema)) return true;
  }
  return false;
}

void Companion::FollowInterrupts(InterruptProbe* probe) {
  sqlite3_progress_handler(
      db_, kStepsBetweenChecks, [](void* data) { return static_cast<InterruptProbe*>(data)->Check().ok() ? 0 : 1; },
      probe);
}

}  // namespace deltamirror::sqlite
