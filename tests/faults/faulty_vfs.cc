#include "tests/faults/faulty_vfs.h"

#include <cstdio>
#include <cstdlib>

namespace deltamirror {

// The real file lies directly behind it.
struct FaultyFile {
  sqlite3_file base;
  FaultyVfs* vfs;

  static FaultyFile* Of(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
  static sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(Of(file) + 1); }
  static int Fault(sqlite3_file* file, int code) { return Of(file)->vfs->Fault(code); }
  static void CountWrite(sqlite3_file* file) { ++Of(file)->vfs->writes_; }
  static int Characteristics(sqlite3_file* file) { return Of(file)->vfs->characteristics_; }
};

namespace {

using F = FaultyFile;

int Close(sqlite3_file* file) {
  sqlite3_file* const real = F::Real(file);
  return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
}

int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (const int rc = F::Fault(file, SQLITE_IOERR_READ); rc != SQLITE_OK) return rc;
  return F::Real(file)->pMethods->xRead(F::Real(file), data, size, offset);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (const int rc = F::Fault(file, SQLITE_IOERR_WRITE); rc != SQLITE_OK) return rc;
  F::CountWrite(file);
  return F::Real(file)->pMethods->xWrite(F::Real(file), data, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int rc = F::Fault(file, SQLITE_IOERR_TRUNCATE); rc != SQLITE_OK) return rc;
  return F::Real(file)->pMethods->xTruncate(F::Real(file), size);
}

int Sync(sqlite3_file* file, int) {
  return F::Fault(file, SQLITE_IOERR_FSYNC);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return F::Real(file)->pMethods->xFileSize(F::Real(file), size);
}

int Lock(sqlite3_file* file, int level) {
  if (const int rc = F::Fault(file, SQLITE_IOERR_LOCK); rc != SQLITE_OK) return rc;
  return F::Real(file)->pMethods->xLock(F::Real(file), level);
}

int Unlock(sqlite3_file* file, int level) {
  return F::Real(file)->pMethods->xUnlock(F::Real(file), level);
}

int CheckReservedLock(sqlite3_file* file, int* result) {
  return F::Real(file)->pMethods->xCheckReservedLock(F::Real(file), result);
}

int FileControl(sqlite3_file* file, int operation, void* argument) {
  return F::Real(file)->pMethods->xFileControl(F::Real(file), operation, argument);
}

int SectorSize(sqlite3_file* file) {
  return F::Real(file)->pMethods->xSectorSize(F::Real(file));
}

int DeviceCharacteristics(sqlite3_file* file) {
  return F::Real(file)->pMethods->xDeviceCharacteristics(F::Real(file)) | F::Characteristics(file);
}

int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  if (const int rc = F::Fault(file, SQLITE_IOERR_SHMMAP); rc != SQLITE_OK) return rc;
  return F::Real(file)->pMethods->xShmMap(F::Real(file), region, size, extend, out);
}

int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    if (const int rc = F::Fault(file, SQLITE_IOERR_SHMLOCK); rc != SQLITE_OK) return rc;
  }
  return F::Real(file)->pMethods->xShmLock(F::Real(file), offset, count, flags);
}

void ShmBarrier(sqlite3_file* file) {
  F::Real(file)->pMethods->xShmBarrier(F::Real(file));
}

int ShmUnmap(sqlite3_file* file, int remove) {
  return F::Real(file)->pMethods->xShmUnmap(F::Real(file), remove);
}

// Version 2: without memory-mapped reading, which would pass us by.
constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace

FaultyVfs::FaultyVfs(const std::string& name, bool is_default)
    : name_(name), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real_->szOsFile;
  vfs_.pAppData = this;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  if (sqlite3_vfs_register(&vfs_, is_default ? 1 : 0) == SQLITE_OK) return;
  std::fprintf(stderr, "could not register a VFS\n");
  std::abort();
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

void FaultyVfs::FailAt(int nth, Kind kind, bool for_good) {
  countdown_ = nth;
  kind_ = kind;
  for_good_ = for_good;
  failed_ = false;
}

int FaultyVfs::Fault(int code) {
  if (countdown_ == 0 || (kind_ == Kind::kFull && code != SQLITE_IOERR_WRITE)) return SQLITE_OK;
  if (countdown_ > 1 && --countdown_ > 0) return SQLITE_OK;
  failed_ = true;
  if (!for_good_) countdown_ = 0;
  return kind_ == Kind::kFull ? SQLITE_FULL : code;
}

int FaultyVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* self = static_cast<FaultyVfs*>(vfs->pAppData);
  FaultyFile::Of(file)->base.pMethods = nullptr;
  if (const int rc = self->Fault(SQLITE_CANTOPEN); rc != SQLITE_OK) return rc;
  FaultyFile::Of(file)->vfs = self;
  FaultyFile::Real(file)->pMethods = nullptr;
  const int rc = self->real_->xOpen(self->real_, name, FaultyFile::Real(file), flags, out_flags);
  if (rc == SQLITE_OK) FaultyFile::Of(file)->base.pMethods = &kMethods;
  if (rc == SQLITE_OK) ++self->opened_;
  return rc;
}

int FaultyVfs::Delete(sqlite3_vfs* vfs, const char* name, int) {
  auto* self = static_cast<FaultyVfs*>(vfs->pAppData);
  if (const int rc = self->Fault(SQLITE_IOERR_DELETE); rc != SQLITE_OK) return rc;
  return self->real_->xDelete(self->real_, name, /*syncDir=*/0);
}

}  // namespace deltamirror
