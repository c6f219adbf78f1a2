// What a server's catalog says of the tables in its pgoutput stream.

#ifndef DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_
#define DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "pgoutput/catalog.h"
#include "pgoutput/message.h"
#include "postgres/connection.h"

namespace deltamirror::deltastream {

// Asks on a connection of its own, since the stream's is busy: opened when it is needed first, and again when it was
// lost. For one thread.
//
//   ServerCatalog catalog("dbname=prod", "mirror", {.interrupt = check});
//   pgoutput::Translator translator({.catalog = [&](const auto& message, uint32_t xid) { return
//   catalog.Describe(message, xid); }});
class ServerCatalog {
 public:
  ServerCatalog(std::string conninfo, std::string publication, postgres::Connection::Options options)
      : conninfo_(std::move(conninfo)), publication_(std::move(publication)), options_(std::move(options)) {}

  // What pgoutput::Catalog promises.
  absl::StatusOr<pgoutput::CatalogEntry> Describe(const pgoutput::RelationMessage& message, uint32_t xid);

 private:
  absl::StatusOr<pgoutput::CatalogEntry> Ask(const pgoutput::RelationMessage& message, uint32_t xid);

  const std::string conninfo_;
  const std::string publication_;
  const postgres::Connection::Options options_;
  std::optional<postgres::Connection> connection_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_
