#include "copy/source.h"

#include <cstddef>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/statement_text.h"
#include "postgres/describe.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

constexpr char kDescribeTypes[] =
    "SELECT pg_catalog.format_type(t.oid, c.typmod), "
    // Only what array_out prints is an array to us: int2vector has elements too, but another text.
    // Elements that are of a domain count as what that is made of.
    "CASE WHEN t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc THEN ("
    " WITH RECURSIVE walk(id, base) AS ("
    "  SELECT e.oid, e.typbasetype FROM pg_catalog.pg_type AS e WHERE e.oid = t.typelem"
    "  UNION ALL SELECT b.oid, b.typbasetype FROM walk AS w JOIN pg_catalog.pg_type AS b ON b.oid = w.base)"
    " SELECT id FROM walk WHERE base = 0) ELSE 0 END "
    "FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[])) WITH "
    "ORDINALITY "
    "AS c(oid, typmod, place) "
    "JOIN pg_catalog.pg_type AS t ON t.oid = c.oid ORDER BY c.place";

// citext's and other types' functions are text's own under another name, so they are told by what they call.
constexpr char kOutputFunctions[] =
    "SELECT t.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.proname), "
    "o.prolang = 12 AND s.prolang = 12 AND (o.prosrc, s.prosrc) IN "
    "(('textout', 'textsend'), ('varcharout', 'varcharsend'), ('bpcharout', 'bpcharsend'), ('enum_out', 'enum_send')) "
    "FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_proc AS o ON o.oid = t.typoutput "
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = o.pronamespace "
    "LEFT JOIN pg_catalog.pg_proc AS s ON s.oid = t.typsend WHERE t.oid = ANY ($1::pg_catalog.oid[])";

struct Output {
  std::string function;
  bool sends_text = false;  // its binary form is its text
};

bool IsNameByte(char c, bool first) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80 ||
         (!first && (absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '$'));
}

bool TakeName(absl::string_view* text) {
  if (text->empty()) return false;
  size_t end = 0;
  if (text->front() == '"') {
    for (end = 1; end < text->size(); ++end) {
      if ((*text)[end] != '"') continue;
      if (end + 1 == text->size() || (*text)[end + 1] != '"') break;
      ++end;
    }
    if (end >= text->size()) return false;
    ++end;
  } else {
    while (end < text->size() && IsNameByte((*text)[end], end == 0)) ++end;
  }
  text->remove_prefix(end);
  return end > 0;
}

absl::Status DescribeTypes(postgres::Connection& connection, const std::vector<postgres::ResultColumn>& result,
                           std::vector<types::Column>* columns) {
  const auto oid = [](std::string* out, const postgres::ResultColumn& column) { absl::StrAppend(out, column.oid); };
  const auto typmod = [](std::string* out, const postgres::ResultColumn& column) {
    absl::StrAppend(out, column.typmod);
  };
  ASSIGN_OR_RETURN(const postgres::Result types,
                   connection.Query(kDescribeTypes, {absl::StrCat("{", absl::StrJoin(result, ",", oid), "}"),
                                                     absl::StrCat("{", absl::StrJoin(result, ",", typmod), "}")}));
  if (types.rows() != static_cast<int>(result.size())) {
    return absl::InternalError(
        absl::StrCat("could not look up the types of ", result.size(), " columns: got ", types.rows(), " rows"));
  }
  for (int i = 0; i < types.rows(); ++i) {
    types::Column column;
    column.name = result[static_cast<size_t>(i)].name;
    column.oid = result[static_cast<size_t>(i)].oid;
    column.type = std::string(types.text(i, 0));
    if (!absl::SimpleAtoi(types.text(i, 1), &column.elem)) return absl::InternalError("invalid OID in pg_type");
    columns->push_back(std::move(column));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<uint32_t, Output>> OutputFunctions(postgres::Connection& connection,
                                                           const std::vector<uint32_t>& oids) {
  std::map<uint32_t, Output> outputs;
  if (oids.empty()) return outputs;
  ASSIGN_OR_RETURN(const postgres::Result rows,
                   connection.Query(kOutputFunctions, {absl::StrCat("{", absl::StrJoin(oids, ","), "}")}));
  for (int i = 0; i < rows.rows(); ++i) {
    uint32_t oid = 0;
    if (!absl::SimpleAtoi(rows.text(i, 0), &oid)) return absl::InternalError("invalid OID in pg_type");
    outputs[oid] = {std::string(rows.text(i, 1)), rows.text(i, 2) == "t"};
  }
  return outputs;
}

}  // namespace

std::vector<Field> AllFields(const Source& source, const types::Overrides& overrides) {
  std::vector<Field> fields;
  for (size_t i = 0; i < source.columns.size(); ++i) {
    fields.push_back({i, source.columns[i].name, types::MappingFor(source.columns[i], overrides)});
  }
  return fields;
}

bool IsTableName(absl::string_view text) {
  if (!TakeName(&text)) return false;
  if (text.empty()) return true;
  if (text.front() != '.') return false;
  text.remove_prefix(1);
  return TakeName(&text) && text.empty();
}

absl::StatusOr<Source> DescribeSource(postgres::Connection& connection, absl::string_view text) {
  text = absl::StripAsciiWhitespace(StatementBody(text));
  if (text.empty()) return absl::InvalidArgumentError("no query given, expected a query or the name of a table");
  Source source;
  if (IsTableName(text)) source.table = std::string(text);
  source.query = source.table.empty() ? std::string(text) : absl::StrCat("SELECT * FROM ", text);
  ASSIGN_OR_RETURN(const std::vector<postgres::ResultColumn> columns, postgres::Describe(connection, source.query));
  if (columns.empty()) {
    return absl::InvalidArgumentError(source.table.empty() ? "the query gives no columns, expected one that gives rows"
                                                           : absl::StrCat("table ", source.table, " has no columns"));
  }
  RETURN_IF_ERROR(DescribeTypes(connection, columns, &source.columns));
  return source;
}

absl::StatusOr<std::string> CopyStatement(postgres::Connection& connection, const Source& source,
                                          std::vector<Field>* fields) {
  std::vector<uint32_t> oids;
  for (const Field& field : *fields) {
    if (field.mapping.binary == nullptr) oids.push_back(source.columns[field.source].oid);
  }
  ASSIGN_OR_RETURN(const auto outputs, OutputFunctions(connection, oids));
  std::string values;
  for (Field& field : *fields) {
    const types::Column& column = source.columns[field.source];
    std::string value = absl::StrCat("c", field.source);
    if (field.mapping.binary == nullptr) {
      const auto found = outputs.find(column.oid);
      if (found == outputs.end()) {
        return absl::NotFoundError(absl::StrCat("column \"", column.name, "\": type ", column.type, " is gone"));
      }
      field.mapping.binary = field.mapping.text;
      if (!found->second.sends_text)
        value = absl::StrCat("pg_catalog.textin(", found->second.function, "(", value, "))");
    }
    absl::StrAppend(&values, values.empty() ? "" : ", ", value);
  }
  std::string names;
  for (size_t i = 0; i < source.columns.size(); ++i) absl::StrAppend(&names, i == 0 ? "c" : ", c", i);
  // The line break ends a comment that the query may end with. A WITH query that is used once is planned as part of
  // the whole, and unlike a subquery it may also be INSERT, UPDATE or DELETE ... RETURNING.
  return absl::StrCat("COPY (WITH q(", names, ") AS (", source.query, "\n) SELECT ", values,
                      " FROM q) TO STDOUT (FORMAT binary)");
}

}  // namespace deltamirror::copy
