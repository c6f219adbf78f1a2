// The libpq in this process.

#ifndef DELTAMIRROR_POSTGRES_LIBRARY_H_
#define DELTAMIRROR_POSTGRES_LIBRARY_H_

namespace deltamirror::postgres {

// 150020 for 15.20.
int LibraryVersion();

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_LIBRARY_H_
