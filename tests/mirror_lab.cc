#include "tests/mirror_lab.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace deltamirror::lab {

MirrorLab::MirrorLab(Cluster* shared) : cluster(*shared) {
  cluster.Exec(R"(DO $$
    DECLARE name text;
    BEGIN
      PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots;
      FOR name IN SELECT quote_ident(pubname) FROM pg_publication LOOP
        EXECUTE 'DROP PUBLICATION ' || name;
      END LOOP;
      FOR name IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)' LOOP
        EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';
      END LOOP;
      CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;
      FOR name IN SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)' LOOP
        EXECUTE 'DROP OWNED BY ' || name || '; DROP ROLE ' || name;
      END LOOP;
    END $$)");
}

void MirrorLab::Begin(const std::string& slot_options) {
  host.Exec(
      absl::StrCat("SELECT pg_slot_create(", Literal(cluster.conninfo()), ", 'mirror', ", Literal(slot_options), ")"));
  Stream();
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", Daystream(), "')"));
}

void MirrorLab::Stream() {
  host.Exec(absl::StrCat("SELECT * FROM deltastream(", Literal(cluster.conninfo()), ", 'mirror', ",
                         Literal(Daystream()), ", '{\"until\":\"caught_up\"}')"));
}

std::string MirrorLab::BootstrapSql(const std::string& tables, const std::string& options,
                                    const std::string& conninfo_suffix) const {
  return absl::StrCat("SELECT deltamirror_bootstrap('m', ", Literal(absl::StrCat(cluster.conninfo(), conninfo_suffix)),
                      ", ", Literal(tables), ", ", Literal(options), ")");
}

std::string MirrorLab::Bootstrap(const std::string& tables, const std::string& options) {
  return host.Value(BootstrapSql(tables, options));
}

void MirrorLab::CatchUp() {
  Stream();
  host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
}

void MirrorLab::ExpectEqual(const std::string& table, const std::string& columns, const std::string& target,
                            Host* where) {
  const Rows source = cluster.Query(absl::StrCat("SELECT ", columns, " FROM ", table, " ORDER BY ", columns));
  const Rows copy =
      (where == nullptr ? host : *where)
          .Query(absl::StrCat("SELECT ", columns, " FROM ", target.empty() ? table : target, " ORDER BY ", columns));
  ASSERT_EQ(source.size(), copy.size()) << table;
  for (size_t i = 0; i < source.size(); ++i) ASSERT_EQ(source[i], copy[i]) << table << ", row " << i;
}

std::string MirrorLab::Status(const std::string& table, const std::string& column) {
  return host.Value(absl::StrCat("SELECT ", column, " FROM m WHERE \"table\" = ", Literal(table)));
}

}  // namespace deltamirror::lab
