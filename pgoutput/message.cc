#include "pgoutput/message.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::pgoutput {
namespace {

// From PostgreSQL's epoch, 2000-01-01, to Unix's.
constexpr int64_t kEpochDifference = int64_t{946684800} * 1000000;

// Takes a message apart from front to back.
class Reader {
 public:
  Reader(MessageType type, absl::string_view bytes) : type_(type), bytes_(bytes) {}

  absl::Status Byte(absl::string_view what, uint8_t* out) { return Number(what, out); }
  absl::Status Uint16(absl::string_view what, uint16_t* out) { return Number(what, out); }
  absl::Status Uint32(absl::string_view what, uint32_t* out) { return Number(what, out); }
  absl::Status Uint64(absl::string_view what, uint64_t* out) { return Number(what, out); }

  // As microseconds since 1970. Adding wraps around rather than to overflow: the time of a damaged message is as good
  // as any other.
  absl::Status Time(absl::string_view what, int64_t* out) {
    uint64_t time = 0;
    RETURN_IF_ERROR(Number(what, &time));
    *out = static_cast<int64_t>(time + static_cast<uint64_t>(kEpochDifference));
    return absl::OkStatus();
  }

  absl::Status Bytes(absl::string_view what, size_t size, absl::string_view* out) {
    if (left() < size) return TooShort(what, size);
    *out = bytes_.substr(offset_, size);
    offset_ += size;
    return absl::OkStatus();
  }

  // Up to and including a NUL, which is not part of it.
  absl::Status Text(absl::string_view what, std::string* out) {
    const size_t end = bytes_.find('\0', offset_);
    if (end == absl::string_view::npos) {
      return absl::DataLossError(absl::StrCat("message \"", MessageName(type_), "\" of pgoutput: expected ", what,
                                              ", ended by a zero byte, at offset ", offset_, ", got ", left(),
                                              " bytes without one"));
    }
    out->assign(bytes_.data() + offset_, end - offset_);
    offset_ = end + 1;
    return absl::OkStatus();
  }

  // Text that is never empty.
  absl::Status Name(absl::string_view what, std::string* out) {
    const size_t begin = offset_;
    RETURN_IF_ERROR(Text(what, out));
    if (!out->empty()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("message \"", MessageName(type_), "\" of pgoutput: expected ", what,
                                            " at offset ", begin, ", got an empty one"));
  }

  absl::Status End() const {
    if (left() == 0) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("message \"", MessageName(type_), "\" of pgoutput: expected its end at ",
                                            "offset ", offset_, ", got ", left(), " more bytes"));
  }

  // For the byte that was read last.
  absl::Status Unexpected(absl::string_view expected) const {
    return absl::DataLossError(absl::StrCat("message \"", MessageName(type_), "\" of pgoutput: expected ", expected,
                                            " at offset ", offset_ - 1, ", got \"",
                                            absl::CHexEscape(bytes_.substr(offset_ - 1, 1)), "\""));
  }

  absl::Status TooShort(absl::string_view what, uint64_t size) const {
    return absl::DataLossError(absl::StrCat("message \"", MessageName(type_), "\" of pgoutput: expected ", what, ", ",
                                            size, size == 1 ? " byte," : " bytes,", " at offset ", offset_, ", got ",
                                            left()));
  }

  size_t left() const { return bytes_.size() - offset_; }

 private:
  // In network byte order.
  template <typename Unsigned>
  absl::Status Number(absl::string_view what, Unsigned* out) {
    if (left() < sizeof(Unsigned)) return TooShort(what, sizeof(Unsigned));
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(Unsigned); ++i) value = value << 8 | static_cast<uint8_t>(bytes_[offset_ + i]);
    *out = static_cast<Unsigned>(value);
    offset_ += sizeof(Unsigned);
    return absl::OkStatus();
  }

  const MessageType type_;
  const absl::string_view bytes_;
  size_t offset_ = 1;  // the type is known
};

absl::Status DecodeBegin(Reader* reader, Begin* out) {
  RETURN_IF_ERROR(reader->Uint64("the final LSN", &out->final_lsn));
  RETURN_IF_ERROR(reader->Time("the commit time", &out->commit_time));
  return reader->Uint32("the transaction's xid", &out->xid);
}

absl::Status DecodeCommit(Reader* reader, Commit* out) {
  uint8_t flags = 0;
  RETURN_IF_ERROR(reader->Byte("the flags", &flags));
  if (flags != 0) return reader->Unexpected("flags of 0");
  RETURN_IF_ERROR(reader->Uint64("the commit LSN", &out->commit_lsn));
  RETURN_IF_ERROR(reader->Uint64("the end LSN", &out->end_lsn));
  return reader->Time("the commit time", &out->commit_time);
}

absl::Status DecodeOrigin(Reader* reader, Origin* out) {
  RETURN_IF_ERROR(reader->Uint64("the origin's commit LSN", &out->commit_lsn));
  return reader->Text("the origin's name", &out->name);
}

// pg_catalog is sent as an empty name.
absl::Status DecodeSchema(Reader* reader, std::string* out) {
  RETURN_IF_ERROR(reader->Text("the schema's name", out));
  if (out->empty()) *out = "pg_catalog";
  return absl::OkStatus();
}

absl::Status DecodeRelationColumn(Reader* reader, RelationColumn* out) {
  uint8_t flags = 0;
  RETURN_IF_ERROR(reader->Byte("a column's flags", &flags));
  if (flags > 1) return reader->Unexpected("a column's flags, 0 or 1,");
  out->in_key = flags == 1;
  RETURN_IF_ERROR(reader->Name("a column's name", &out->name));
  RETURN_IF_ERROR(reader->Uint32("a column's type", &out->type));
  uint32_t typmod = 0;
  RETURN_IF_ERROR(reader->Uint32("a column's type modifier", &typmod));
  out->typmod = static_cast<int32_t>(typmod);
  return absl::OkStatus();
}

absl::Status DecodeRelation(Reader* reader, RelationMessage* out) {
  RETURN_IF_ERROR(reader->Uint32("the relation's OID", &out->relid));
  RETURN_IF_ERROR(DecodeSchema(reader, &out->schema));
  RETURN_IF_ERROR(reader->Name("the relation's name", &out->table));
  uint8_t identity = 0;
  RETURN_IF_ERROR(reader->Byte("the replica identity", &identity));
  if (identity != 'd' && identity != 'i' && identity != 'f' && identity != 'n') {
    return reader->Unexpected("the replica identity \"d\", \"i\", \"f\" or \"n\"");
  }
  out->identity = static_cast<char>(identity);
  uint16_t count = 0;
  RETURN_IF_ERROR(reader->Uint16("the number of columns", &count));
  out->columns.clear();
  for (uint16_t i = 0; i < count; ++i) RETURN_IF_ERROR(DecodeRelationColumn(reader, &out->columns.emplace_back()));
  return absl::OkStatus();
}

absl::Status DecodeTypeName(Reader* reader, TypeName* out) {
  RETURN_IF_ERROR(reader->Uint32("the type's OID", &out->oid));
  RETURN_IF_ERROR(DecodeSchema(reader, &out->schema));
  return reader->Text("the type's name", &out->name);
}

absl::Status DecodeValue(Reader* reader, Value* out) {
  uint8_t kind = 0;
  RETURN_IF_ERROR(reader->Byte("the kind of a value", &kind));
  out->kind = static_cast<Value::Kind>(kind);
  switch (out->kind) {
    case Value::Kind::kNull:
    case Value::Kind::kUnchanged:
      out->bytes = absl::string_view();
      return absl::OkStatus();
    case Value::Kind::kText:
    case Value::Kind::kBinary:
      break;
    default:
      return reader->Unexpected("the kind of a value \"n\", \"u\", \"t\" or \"b\"");
  }
  uint32_t size = 0;
  RETURN_IF_ERROR(reader->Uint32("a value's length", &size));
  return reader->Bytes("a value", size, &out->bytes);
}

absl::Status DecodeRow(Reader* reader, Row* out) {
  uint16_t count = 0;
  RETURN_IF_ERROR(reader->Uint16("the number of values", &count));
  // A value has one byte at least: a wrong number takes no memory.
  if (reader->left() < count) return reader->TooShort("the row's values", count);
  out->resize(count);
  for (Value& value : *out) RETURN_IF_ERROR(DecodeValue(reader, &value));
  return absl::OkStatus();
}

// Reads the old row, if that is what `first`, the kind that was read, announces.
absl::Status DecodeOldRow(Reader* reader, uint8_t first, Change* out) {
  out->old_kind = OldRow::kNone;
  out->old_row.clear();
  if (first != 'K' && first != 'O') return absl::OkStatus();
  out->old_kind = static_cast<OldRow>(first);
  return DecodeRow(reader, &out->old_row);
}

absl::Status DecodeInsert(Reader* reader, Change* out) {
  RETURN_IF_ERROR(reader->Uint32("the relation's OID", &out->relid));
  uint8_t kind = 0;
  RETURN_IF_ERROR(reader->Byte("the kind of a row", &kind));
  if (kind != 'N') return reader->Unexpected("a new row, \"N\",");
  RETURN_IF_ERROR(DecodeOldRow(reader, 0, out));
  return DecodeRow(reader, &out->new_row);
}

absl::Status DecodeUpdate(Reader* reader, Change* out) {
  RETURN_IF_ERROR(reader->Uint32("the relation's OID", &out->relid));
  uint8_t kind = 0;
  RETURN_IF_ERROR(reader->Byte("the kind of a row", &kind));
  RETURN_IF_ERROR(DecodeOldRow(reader, kind, out));
  if (out->old_kind != OldRow::kNone) RETURN_IF_ERROR(reader->Byte("the kind of a row", &kind));
  if (kind != 'N') {
    return reader->Unexpected(out->old_kind != OldRow::kNone ? "a new row, \"N\","
                                                             : "the kind of a row \"K\", \"O\" or \"N\"");
  }
  return DecodeRow(reader, &out->new_row);
}

absl::Status DecodeDelete(Reader* reader, Change* out) {
  RETURN_IF_ERROR(reader->Uint32("the relation's OID", &out->relid));
  uint8_t kind = 0;
  RETURN_IF_ERROR(reader->Byte("the kind of a row", &kind));
  RETURN_IF_ERROR(DecodeOldRow(reader, kind, out));
  if (out->old_kind == OldRow::kNone) return reader->Unexpected("the kind of a row \"K\" or \"O\"");
  out->new_row.clear();
  return absl::OkStatus();
}

absl::Status DecodeTruncate(Reader* reader, Truncate* out) {
  uint32_t count = 0;
  RETURN_IF_ERROR(reader->Uint32("the number of relations", &count));
  uint8_t options = 0;
  RETURN_IF_ERROR(reader->Byte("the options", &options));
  if (options > 3) return reader->Unexpected("options from 0 to 3");
  out->cascade = (options & 1) != 0;
  out->restart_identity = (options & 2) != 0;
  if (reader->left() / sizeof(uint32_t) < count) {
    return reader->TooShort("the relations' OIDs", uint64_t{count} * sizeof(uint32_t));
  }
  out->relids.resize(count);
  for (uint32_t& relid : out->relids) RETURN_IF_ERROR(reader->Uint32("a relation's OID", &relid));
  return absl::OkStatus();
}

absl::Status DecodeLogicalMessage(Reader* reader, LogicalMessage* out) {
  uint8_t flags = 0;
  RETURN_IF_ERROR(reader->Byte("the flags", &flags));
  if (flags > 1) return reader->Unexpected("flags of 0 or 1");
  out->transactional = flags == 1;
  RETURN_IF_ERROR(reader->Uint64("the message's LSN", &out->lsn));
  RETURN_IF_ERROR(reader->Text("the message's prefix", &out->prefix));
  uint32_t size = 0;
  RETURN_IF_ERROR(reader->Uint32("the content's length", &size));
  return reader->Bytes("the content", size, &out->content);
}

absl::Status DecodeStreamStart(Reader* reader, StreamStart* out) {
  RETURN_IF_ERROR(reader->Uint32("the transaction's xid", &out->xid));
  uint8_t first = 0;
  RETURN_IF_ERROR(reader->Byte("whether it is the first segment", &first));
  if (first > 1) return reader->Unexpected("a first segment of 0 or 1");
  out->first_segment = first == 1;
  return absl::OkStatus();
}

absl::Status DecodeStreamCommit(Reader* reader, StreamCommit* out) {
  RETURN_IF_ERROR(reader->Uint32("the transaction's xid", &out->xid));
  return DecodeCommit(reader, &out->commit);
}

// With streaming "parallel" there are an LSN and a time behind it, which say nothing to us.
absl::Status DecodeStreamAbort(Reader* reader, StreamAbort* out) {
  RETURN_IF_ERROR(reader->Uint32("the transaction's xid", &out->xid));
  RETURN_IF_ERROR(reader->Uint32("the subtransaction's xid", &out->subxid));
  if (reader->left() == 0) return absl::OkStatus();
  uint64_t lsn = 0;
  RETURN_IF_ERROR(reader->Uint64("the abort's LSN", &lsn));
  int64_t time = 0;
  return reader->Time("the abort's time", &time);
}

absl::Status DecodeBody(Reader* reader, Message* out) {
  switch (out->type) {
    case MessageType::kBegin:
      return DecodeBegin(reader, &out->begin);
    case MessageType::kCommit:
      return DecodeCommit(reader, &out->commit);
    case MessageType::kOrigin:
      return DecodeOrigin(reader, &out->origin);
    case MessageType::kRelation:
      return DecodeRelation(reader, &out->relation);
    case MessageType::kType:
      return DecodeTypeName(reader, &out->type_name);
    case MessageType::kInsert:
      return DecodeInsert(reader, &out->change);
    case MessageType::kUpdate:
      return DecodeUpdate(reader, &out->change);
    case MessageType::kDelete:
      return DecodeDelete(reader, &out->change);
    case MessageType::kTruncate:
      return DecodeTruncate(reader, &out->truncate);
    case MessageType::kMessage:
      return DecodeLogicalMessage(reader, &out->logical);
    case MessageType::kStreamStart:
      return DecodeStreamStart(reader, &out->stream_start);
    case MessageType::kStreamStop:
      return absl::OkStatus();
    case MessageType::kStreamCommit:
      return DecodeStreamCommit(reader, &out->stream_commit);
    case MessageType::kStreamAbort:
      return DecodeStreamAbort(reader, &out->stream_abort);
  }
  return absl::InternalError("unexpected message type");
}

// What is known and was not asked for.
absl::Status Refuse(char type) {
  switch (type) {
    case 'b':  // Begin Prepare
    case 'P':  // Prepare
    case 'K':  // Commit Prepared
    case 'r':  // Rollback Prepared
    case 'p':  // Stream Prepare
      return absl::UnimplementedError(absl::StrCat("message \"", absl::string_view(&type, 1),
                                                   "\" of pgoutput belongs to a prepared transaction, expected "
                                                   "committed ones (a slot without two-phase)"));
    default:
      return absl::DataLossError(absl::StrCat("expected a message of pgoutput, got one that begins with \"",
                                              absl::CHexEscape(absl::string_view(&type, 1)), "\""));
  }
}

}  // namespace

absl::string_view MessageName(MessageType type) {
  switch (type) {
    case MessageType::kBegin:
      return "Begin";
    case MessageType::kCommit:
      return "Commit";
    case MessageType::kOrigin:
      return "Origin";
    case MessageType::kRelation:
      return "Relation";
    case MessageType::kType:
      return "Type";
    case MessageType::kInsert:
      return "Insert";
    case MessageType::kUpdate:
      return "Update";
    case MessageType::kDelete:
      return "Delete";
    case MessageType::kTruncate:
      return "Truncate";
    case MessageType::kMessage:
      return "Message";
    case MessageType::kStreamStart:
      return "Stream Start";
    case MessageType::kStreamStop:
      return "Stream Stop";
    case MessageType::kStreamCommit:
      return "Stream Commit";
    case MessageType::kStreamAbort:
      return "Stream Abort";
  }
  return "";
}

absl::Status Decode(absl::string_view bytes, Message* out) {
  if (bytes.empty()) return absl::DataLossError("expected a message of pgoutput, got no bytes");
  out->type = static_cast<MessageType>(bytes[0]);
  if (MessageName(out->type).empty()) return Refuse(bytes[0]);
  Reader reader(out->type, bytes);
  RETURN_IF_ERROR(DecodeBody(&reader, out));
  return reader.End();
}

absl::StatusOr<Streamed> SplitStreamed(absl::string_view bytes) {
  if (bytes.empty()) return absl::DataLossError("expected a message of pgoutput, got no bytes");
  Streamed streamed;
  streamed.type = static_cast<MessageType>(bytes[0]);
  Reader reader(streamed.type, bytes);
  switch (streamed.type) {
    case MessageType::kRelation:
    case MessageType::kType:
    case MessageType::kInsert:
    case MessageType::kUpdate:
    case MessageType::kDelete:
    case MessageType::kTruncate:
    case MessageType::kMessage:
      RETURN_IF_ERROR(reader.Uint32("the transaction's xid", &streamed.xid));
      break;
    case MessageType::kOrigin:
      break;
    default:
      if (MessageName(streamed.type).empty()) return Refuse(bytes[0]);
      return absl::DataLossError(absl::StrCat("message \"", MessageName(streamed.type),
                                              "\" of pgoutput came inside of a stream, expected changes up to a "
                                              "message \"Stream Stop\""));
  }
  RETURN_IF_ERROR(reader.Bytes("the rest", reader.left(), &streamed.rest));
  return streamed;
}

}  // namespace deltamirror::pgoutput
