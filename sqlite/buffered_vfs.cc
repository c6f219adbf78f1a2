#include "sqlite/buffered_vfs.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/open_file.h"
#include "sqlite/statement.h"

namespace deltamirror::sqlite {
namespace {

constexpr int kBuffer = 64 << 10;

// How much the system is asked to begin with at a time. The sync of a -wal comes with a checkpoint, in the midst of
// small transactions, which wait for what is left.
constexpr int64_t kBegin = 1 << 20;
constexpr int64_t kBeginWal = 256 << 10;

sqlite3_vfs* Base(sqlite3_vfs* vfs) {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

// What was written upwards in a file, and with which the system has not been asked to begin.
class Behind {
 public:
  Behind(const char* path, int64_t step, std::atomic<int64_t>* begun)
      : file_(path == nullptr ? "" : path), step_(step), begun_(begun) {}

  void Add(int64_t offset, int64_t size) {
    // A cache that is too small goes to and fro, and writes the same pages again and again.
    if (offset < end_) written_ = 0;
    if (written_ == 0) from_ = offset;
    end_ = offset + size;
    written_ += size;
    if (written_ < step_) return;
    if (file_.BeginWriting(from_, end_ - from_)) *begun_ += written_;
    written_ = 0;
  }

 private:
  OpenFile file_;
  int64_t step_;
  std::atomic<int64_t>* begun_;
  int64_t from_ = 0;
  int64_t end_ = 0;
  int64_t written_ = 0;  // between them
};

// A database, a main journal or a -wal. SQLite gives the memory for it and, behind it, for the file of the VFS below.
struct File {
  sqlite3_file base = {};
  char* buffer = nullptr;    // null until the first write that waits
  int filled = 0;            // bytes in it, which the file has not got yet
  sqlite3_int64 offset = 0;  // where they belong
  std::optional<Behind> behind;
  int type = 0;  // SQLITE_OPEN_...
  // Of a database:
  bool has_shared_memory = false;  // WAL mode, now or before
  int lock = SQLITE_LOCK_NONE;
  // Of a journal:
  sqlite3_int64 end = 0;  // of what was written

  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  // What is written over in a journal is its head, which says whether it holds and that it does so no more: if that
  // fails it must not happen later after all.
  bool MayWait(sqlite3_int64 at) const {
    switch (type) {
      case SQLITE_OPEN_MAIN_DB:
        return lock == SQLITE_LOCK_EXCLUSIVE && !has_shared_memory;
      case SQLITE_OPEN_MAIN_JOURNAL:
        return at >= end;
      default:
        return false;
    }
  }
  bool Holds(sqlite3_int64 at, int size) const { return filled > 0 && at < offset + filled && at + size > offset; }

  // What fails stays, for another attempt.
  int Flush() {
    if (filled == 0) return SQLITE_OK;
    const int rc = WriteNow(buffer, filled, offset);
    if (rc == SQLITE_OK) filled = 0;
    return rc;
  }

  int WriteNow(const void* data, int size, sqlite3_int64 at) {
    const int rc = real()->pMethods->xWrite(real(), data, size, at);
    if (rc == SQLITE_OK) behind->Add(at, size);
    return rc;
  }

  int Write(const void* data, int size, sqlite3_int64 at) {
    const bool may_wait = MayWait(at) && size <= kBuffer;
    const bool follows = filled == 0 || at == offset + filled;
    if (!may_wait || !follows || size > kBuffer - filled) {
      if (const int rc = Flush(); rc != SQLITE_OK) return rc;
    }
    end = std::max(end, at + size);
    if (may_wait && buffer == nullptr) buffer = static_cast<char*>(sqlite3_malloc(kBuffer));
    if (!may_wait || buffer == nullptr) return WriteNow(data, size, at);
    if (filled == 0) offset = at;
    std::memcpy(buffer + filled, data, size);
    filled += size;
    return SQLITE_OK;
  }
};

// Calls a method of the real file when it has got everything.
template <auto kMethod, typename... Arguments>
int Flushed(sqlite3_file* file, Arguments... arguments) {
  File* const self = File::Of(file);
  if (const int rc = self->Flush(); rc != SQLITE_OK) return rc;
  return (self->real()->pMethods->*kMethod)(self->real(), arguments...);
}

// Calls one for which it does not matter.
template <auto kMethod, typename... Arguments>
int Straight(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* const real = File::Of(file)->real();
  return (real->pMethods->*kMethod)(real, arguments...);
}

int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  File* const self = File::Of(file);
  if (self->Holds(at, size)) {
    if (const int rc = self->Flush(); rc != SQLITE_OK) return rc;
  }
  return self->real()->pMethods->xRead(self->real(), data, size, at);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  File* const self = File::Of(file);
  if (const int rc = self->Flush(); rc != SQLITE_OK) return rc;
  self->end = std::min(self->end, size);
  return self->real()->pMethods->xTruncate(self->real(), size);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  return File::Of(file)->Write(data, size, at);
}

int Close(sqlite3_file* file) {
  File* const self = File::Of(file);
  const int flushed = self->Flush();
  sqlite3_free(self->buffer);
  const int closed = self->real()->pMethods->xClose(self->real());
  self->~File();
  return flushed != SQLITE_OK ? flushed : closed;
}

int Lock(sqlite3_file* file, int level) {
  File* const self = File::Of(file);
  const int rc = self->real()->pMethods->xLock(self->real(), level);
  if (rc == SQLITE_OK) self->lock = level;
  return rc;
}

// What cannot be written now must not be written later, when others may have written. SQLite has synced what it counts
// upon; after an error it leaves the journal, which undoes the rest.
int Unlock(sqlite3_file* file, int level) {
  File* const self = File::Of(file);
  if (self->Flush() != SQLITE_OK) self->filled = 0;
  self->lock = level;
  return self->real()->pMethods->xUnlock(self->real(), level);
}

int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  File* const self = File::Of(file);
  self->has_shared_memory = true;
  if (const int rc = self->Flush(); rc != SQLITE_OK) return rc;
  return self->real()->pMethods->xShmMap(self->real(), region, size, extend, out);
}

void ShmBarrier(sqlite3_file* file) {
  sqlite3_file* const real = File::Of(file)->real();
  real->pMethods->xShmBarrier(real);
}

using Methods = sqlite3_io_methods;

// Version 2: without memory-mapped reading, which would not see what waits.
constexpr Methods MethodsOf(int version) {
  return {
      .iVersion = version,
      .xClose = Close,
      .xRead = Read,
      .xWrite = Write,
      .xTruncate = Truncate,
      .xSync = Flushed<&Methods::xSync, int>,
      .xFileSize = Flushed<&Methods::xFileSize, sqlite3_int64*>,
      .xLock = Lock,
      .xUnlock = Unlock,
      .xCheckReservedLock = Straight<&Methods::xCheckReservedLock, int*>,
      .xFileControl = Flushed<&Methods::xFileControl, int, void*>,
      .xSectorSize = Straight<&Methods::xSectorSize>,
      .xDeviceCharacteristics = Straight<&Methods::xDeviceCharacteristics>,
      .xShmMap = ShmMap,
      .xShmLock = Straight<&Methods::xShmLock, int, int, int>,
      .xShmBarrier = ShmBarrier,
      .xShmUnmap = Straight<&Methods::xShmUnmap, int>,
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
}

constexpr Methods kMethods1 = MethodsOf(1);
constexpr Methods kMethods2 = MethodsOf(2);

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
  vfs.szOsFile = static_cast<int>(sizeof(File)) + base->szOsFile;
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

bool BufferedVfs::CanBuffer(sqlite3* db, const std::string& schema) {
  const absl::StatusOr<int64_t> synchronous =
      QueryInt64(db, absl::StrCat("PRAGMA ", QuoteIdentifier(schema), ".synchronous"));
  if (!synchronous.ok() || *synchronous == 0) return false;
  sqlite3_file* file = nullptr;
  const int rc = sqlite3_file_control(db, schema.c_str(), SQLITE_FCNTL_FILE_POINTER, &file);
  if (rc != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return false;
  return (file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_SEQUENTIAL) == 0;
}

BufferedVfs::BufferedVfs(sqlite3_vfs* base)
    : name_(absl::StrCat("deltamirror-", absl::Hex(reinterpret_cast<uintptr_t>(this)))),
      registered_{.vfs = Over(base, name_.c_str())} {
  registered_.vfs.xOpen = Open;
  sqlite3_vfs_register(&registered_.vfs, /*makeDflt=*/0);
}

BufferedVfs::~BufferedVfs() {
  sqlite3_vfs_unregister(&registered_.vfs);
}

int BufferedVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const base = Base(vfs);
  const int type = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
  if (type == 0) return base->xOpen(base, name, file, flags, out_flags);
  File* const self = new (file) File();
  self->type = type;
  self->behind.emplace(name, type == SQLITE_OPEN_WAL ? kBeginWal : kBegin, &reinterpret_cast<Registered*>(vfs)->begun);
  self->real()->pMethods = nullptr;
  const int rc = base->xOpen(base, name, self->real(), flags, out_flags);
  // As the real file: SQLite closes one that has methods, even after an error.
  const Methods* const methods = self->real()->pMethods;
  if (methods == nullptr) {
    self->~File();
    file->pMethods = nullptr;
  } else {
    self->base.pMethods = methods->iVersion >= 2 ? &kMethods2 : &kMethods1;
  }
  return rc;
}

}  // namespace deltamirror::sqlite
