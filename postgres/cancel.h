// Asking a server to give up what a connection waits for.

#ifndef DELTAMIRROR_POSTGRES_CANCEL_H_
#define DELTAMIRROR_POSTGRES_CANCEL_H_

struct pg_conn;

namespace deltamirror::postgres {

// Sends the request over a connection of its own, and waits until the server has taken it, for a second at most: of a
// server that does not answer any more, libpq's PQcancel would wait for ever, and with it whoever has interrupted a
// statement because of that. Such a request is left to a thread of its own, for whose sake this library then stays in
// memory for as long as the process. Nothing happens if the connection is not established.
void RequestCancel(pg_conn* conn);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_CANCEL_H_
