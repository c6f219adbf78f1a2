#include "sqlite/buffered_journal.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/statement.h"

namespace deltamirror::sqlite {
namespace {

constexpr int kBuffer = 64 << 10;

sqlite3_vfs* Base(sqlite3_vfs* vfs) {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

// A main journal. SQLite gives the memory for it and, behind it, for the file of the VFS below.
struct Journal {
  sqlite3_file base;
  char* buffer;          // null until the first write
  int filled;            // bytes in it, which the file has not got yet
  sqlite3_int64 offset;  // where they belong

  static Journal* Of(sqlite3_file* file) { return reinterpret_cast<Journal*>(file); }
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  // What fails stays, for another attempt.
  int Flush() {
    if (filled == 0) return SQLITE_OK;
    const int rc = real()->pMethods->xWrite(real(), buffer, filled, offset);
    if (rc == SQLITE_OK) filled = 0;
    return rc;
  }

  int Write(const void* data, int size, sqlite3_int64 at) {
    const bool follows = filled == 0 || at == offset + filled;
    if (!follows || size > kBuffer - filled) {
      if (const int rc = Flush(); rc != SQLITE_OK) return rc;
    }
    if (buffer == nullptr) buffer = static_cast<char*>(sqlite3_malloc(kBuffer));
    if (buffer == nullptr || size > kBuffer) return real()->pMethods->xWrite(real(), data, size, at);
    if (filled == 0) offset = at;
    std::memcpy(buffer + filled, data, size);
    filled += size;
    return SQLITE_OK;
  }
};

// Calls a method of the real file when it has got everything.
template <auto kMethod, typename... Arguments>
int Flushed(sqlite3_file* file, Arguments... arguments) {
  Journal* const journal = Journal::Of(file);
  if (const int rc = journal->Flush(); rc != SQLITE_OK) return rc;
  return (journal->real()->pMethods->*kMethod)(journal->real(), arguments...);
}

// Calls one for which it does not matter.
template <auto kMethod, typename... Arguments>
int Straight(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* const real = Journal::Of(file)->real();
  return (real->pMethods->*kMethod)(real, arguments...);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  return Journal::Of(file)->Write(data, size, at);
}

int Close(sqlite3_file* file) {
  Journal* const journal = Journal::Of(file);
  const int flushed = journal->Flush();
  sqlite3_free(journal->buffer);
  const int closed = journal->real()->pMethods->xClose(journal->real());
  return flushed != SQLITE_OK ? flushed : closed;
}

using Methods = sqlite3_io_methods;

constexpr Methods kJournalMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Flushed<&Methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = Write,
    .xTruncate = Flushed<&Methods::xTruncate, sqlite3_int64>,
    .xSync = Flushed<&Methods::xSync, int>,
    .xFileSize = Flushed<&Methods::xFileSize, sqlite3_int64*>,
    .xLock = Straight<&Methods::xLock, int>,
    .xUnlock = Straight<&Methods::xUnlock, int>,
    .xCheckReservedLock = Straight<&Methods::xCheckReservedLock, int*>,
    .xFileControl = Flushed<&Methods::xFileControl, int, void*>,
    .xSectorSize = Straight<&Methods::xSectorSize>,
    .xDeviceCharacteristics = Straight<&Methods::xDeviceCharacteristics>,
};

// Calls a method of the VFS below, as its own.
template <auto kMethod>
struct Below;

template <typename Result, typename... Arguments, Result (*sqlite3_vfs::*kMethod)(sqlite3_vfs*, Arguments...)>
struct Below<kMethod> {
  static Result Call(sqlite3_vfs* vfs, Arguments... arguments) {
    return (Base(vfs)->*kMethod)(Base(vfs), arguments...);
  }
};

// Made of the base, of which it has the version and the limits.
sqlite3_vfs Over(sqlite3_vfs* base, const char* name) {
  using Vfs = sqlite3_vfs;
  sqlite3_vfs vfs = *base;
  vfs.szOsFile = static_cast<int>(sizeof(Journal)) + base->szOsFile;
  vfs.pNext = nullptr;
  vfs.zName = name;
  vfs.pAppData = base;
  vfs.iVersion = std::min(base->iVersion, 2);  // the system calls are the base's to replace
  vfs.xDelete = Below<&Vfs::xDelete>::Call;
  vfs.xAccess = Below<&Vfs::xAccess>::Call;
  vfs.xFullPathname = Below<&Vfs::xFullPathname>::Call;
  vfs.xDlOpen = Below<&Vfs::xDlOpen>::Call;
  vfs.xDlError = Below<&Vfs::xDlError>::Call;
  vfs.xDlSym = [](sqlite3_vfs* self, void* library, const char* symbol) {
    return Base(self)->xDlSym(Base(self), library, symbol);
  };
  vfs.xDlClose = Below<&Vfs::xDlClose>::Call;
  vfs.xRandomness = Below<&Vfs::xRandomness>::Call;
  vfs.xSleep = Below<&Vfs::xSleep>::Call;
  vfs.xCurrentTime = Below<&Vfs::xCurrentTime>::Call;
  vfs.xGetLastError = Below<&Vfs::xGetLastError>::Call;
  if (vfs.iVersion >= 2) vfs.xCurrentTimeInt64 = Below<&Vfs::xCurrentTimeInt64>::Call;
  return vfs;
}

}  // namespace

bool BufferedJournalVfs::CanBuffer(sqlite3* db, const std::string& schema) {
  const absl::StatusOr<int64_t> synchronous =
      QueryInt64(db, absl::StrCat("PRAGMA ", QuoteIdentifier(schema), ".synchronous"));
  if (!synchronous.ok() || *synchronous == 0) return false;
  sqlite3_file* file = nullptr;
  const int rc = sqlite3_file_control(db, schema.c_str(), SQLITE_FCNTL_FILE_POINTER, &file);
  if (rc != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return false;
  return (file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_SEQUENTIAL) == 0;
}

BufferedJournalVfs::BufferedJournalVfs(sqlite3_vfs* base)
    : name_(absl::StrCat("deltamirror-", absl::Hex(reinterpret_cast<uintptr_t>(this)))),
      vfs_(Over(base, name_.c_str())) {
  vfs_.xOpen = Open;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/0);
}

BufferedJournalVfs::~BufferedJournalVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

int BufferedJournalVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const base = Base(vfs);
  if ((flags & SQLITE_OPEN_MAIN_JOURNAL) == 0) return base->xOpen(base, name, file, flags, out_flags);
  Journal* const journal = Journal::Of(file);
  *journal = Journal();
  journal->real()->pMethods = nullptr;
  const int rc = base->xOpen(base, name, journal->real(), flags, out_flags);
  // As the real file: SQLite closes one that has methods, even after an error.
  if (journal->real()->pMethods != nullptr) journal->base.pMethods = &kJournalMethods;
  return rc;
}

}  // namespace deltamirror::sqlite
