// One connection to a PostgreSQL server: statements prepared once, values bound, and as many statements
// in one round trip as are known beforehand.
// Source: libpq, https://www.postgresql.org/docs/current/libpq.html, its pipeline mode above all
#pragma once

#include <lockstep/postgres/error.hpp>
#include <lockstep/sql/value.hpp>

#include <libpq-fe.h>

#ifdef _WIN32
#include <winsock2.h>
#else
#include <poll.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::postgres::detail {

/// Hears of each statement before it is sent.
using Observer = std::function<void(std::string_view)>;

/// A statement and the values of its placeholders, as text.
class Query {
 public:
  /// How the server gets to know the statement.
  enum class Kind {
    prepared,  ///< once per connection
    once,      ///< each time: for texts that hardly come again
  };

  explicit Query(std::string sql, Kind kind = Kind::prepared) : sql_{std::move(sql)}, kind_{kind} {}

  /// Binds the next placeholder. Throws sql::Unstorable for text with a zero byte.
  Query& bind(const sql::Value& value) {
    if (values_.empty()) values_.reserve(8);
    values_.push_back(std::visit(Text{}, value));
    return *this;
  }
  /// Binds the next ones.
  template <class Values>
  Query& bind_all(const Values& values) {
    for (const auto& value : values) bind(value);
    return *this;
  }

  [[nodiscard]] const std::string& sql() const noexcept { return sql_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] std::vector<const char*> values() const {
    std::vector<const char*> pointers;
    pointers.reserve(values_.size());
    for (const auto& value : values_) pointers.push_back(value ? value->c_str() : nullptr);
    return pointers;
  }

 private:
  struct Text {
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(std::int64_t number) const { return std::to_string(number); }
    std::optional<std::string> operator()(double number) const {
      std::array<char, 32> digits;  // the shortest text that is read back as the same number
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      return std::string{digits.data(), end};
    }
    std::optional<std::string> operator()(std::string_view text) const {
      if (text.find('\0') != std::string_view::npos) {
        throw sql::Unstorable{"text with a zero byte does not fit a column of PostgreSQL: use sql::Blob"};
      }
      return std::string{text};
    }
    std::optional<std::string> operator()(const std::string& text) const {
      return (*this)(std::string_view{text});
    }
    std::optional<std::string> operator()(std::span<const std::byte> bytes) const {
      constexpr std::string_view digits = "0123456789abcdef";
      std::string text = "\\x";
      for (const auto byte : bytes) {
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
      }
      return text;
    }
  };

  std::string sql_;
  Kind kind_;
  std::vector<std::optional<std::string>> values_;
};

/// What a statement gave.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_{result} {}

  [[nodiscard]] int size() const noexcept { return PQntuples(result_.get()); }
  /// How many rows the statement inserted, changed or deleted.
  [[nodiscard]] std::uint64_t affected() const noexcept {
    return number<std::uint64_t>(PQcmdTuples(result_.get()));
  }

  /// The value of a column, from 0, in `row`, from 0; lives as long as the rows do. Whole numbers, true and
  /// false, floating point and bytes are what they are; all else is text, as the server writes it.
  [[nodiscard]] sql::Value value(int row, int column) const {
    if (PQgetisnull(result_.get(), row, column) != 0) return std::monostate{};
    const std::string_view text{PQgetvalue(result_.get(), row, column),
                                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    switch (PQftype(result_.get(), column)) {
      case 16:  // bool
        return std::int64_t{text == "t"};
      case 20:  // int8
      case 21:  // int2
      case 23:  // int4
        return number<std::int64_t>(text);
      case 700:  // float4
      case 701:  // float8
        return real(text);
      case 17:  // bytea
        return std::span<const std::byte>{blobs_.emplace_back(bytes(text))};
      default:
        return text;
    }
  }

  /// A number in `column` of `row`; nothing for NULL and what is no number.
  [[nodiscard]] std::optional<std::int64_t> number_at(int row, int column) const {
    const auto found = value(row, column);
    const auto* const whole = std::get_if<std::int64_t>(&found);
    return whole ? std::optional{*whole} : std::nullopt;
  }
  /// The text in `column` of `row`; empty for what is none.
  [[nodiscard]] std::string text_at(int row, int column) const {
    const auto found = value(row, column);
    const auto* const text = std::get_if<std::string_view>(&found);
    return text ? std::string{*text} : std::string{};
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };

  template <class Number>
  static Number number(std::string_view text) noexcept {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  static double real(std::string_view text) noexcept {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return number<double>(text);
  }
  // \x and two digits a byte: bytea_output is set so.
  static sql::Blob bytes(std::string_view text) {
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    sql::Blob blob;
    for (std::size_t at = 2; at + 1 < text.size(); at += 2) {
      blob.push_back(static_cast<std::byte>(digit(text[at]) << 4U | digit(text[at + 1])));
    }
    return blob;
  }

  std::unique_ptr<PGresult, Clear> result_;
  mutable std::list<sql::Blob> blobs_;
};

/// Who connects, and how long anything may take.
struct Endpoint {
  std::string keywords;  // libpq's connection string, or a URI
  std::chrono::milliseconds connect_timeout{};
  std::optional<std::chrono::milliseconds> answer_timeout;
  Observer observer;
};

/// A connection, used by one thread at a time. Not to be used after a fork.
class Connection {
 public:
  /// Connects. Throws ConnectionLost.
  explicit Connection(const Endpoint& endpoint)
      : answer_timeout_{endpoint.answer_timeout}, observer_{endpoint.observer} {
    // Later keywords win: those of `endpoint` stand where dbname does.
    const auto seconds =
        std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(endpoint.connect_timeout).count());
    const auto patience = std::to_string(seconds);
    const std::array keywords{"connect_timeout", "fallback_application_name", "dbname", "client_encoding",
                              static_cast<const char*>(nullptr)};
    const std::array values{patience.c_str(), "lockstep", endpoint.keywords.c_str(), "UTF8",
                            static_cast<const char*>(nullptr)};
    db_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (!db_ || PQstatus(db_.get()) != CONNECTION_OK) {
      throw ConnectionLost{joined("PostgreSQL cannot be reached: ", trimmed(PQerrorMessage(db_.get())))};
    }
    PQsetNoticeProcessor(db_.get(), [](void*, const char*) {}, nullptr);  // else they go to standard error
    if (PQsetnonblocking(db_.get(), 1) != 0 || PQenterPipelineMode(db_.get()) != 1) {
      throw ConnectionLost{"PostgreSQL: the connection cannot have a pipeline"};
    }
  }

  /// Sends all of `queries`, waits for all of the answers: one round trip. Those that stand outside of a
  /// transaction are one of their own. Throws Refused if the server refused one, and then none of the
  /// later ones has run; Broken if the connection ended.
  std::vector<Rows> run(std::span<const Query> queries) {
    if (!std::exchange(looked_at_, false) && !alive()) {
      throw Broken{"the server has closed the connection", false};
    }
    prepare_room(queries.size());
    std::vector<const std::string*> new_texts;  // one per query; null where nothing is prepared
    for (const auto& query : queries) send(query, new_texts);
    if (PQpipelineSync(db_.get()) != 1) broken(false);
    flush();
    return receive(queries, new_texts);
  }
  Rows run(const Query& query) { return std::move(run({&query, 1}).front()); }

  /// Runs several statements, one after the other, in one transaction unless they begin others.
  void run_all(const std::string& statements) {
    if (observer_) observer_(statements);
    if (PQexitPipelineMode(db_.get()) != 1) broken(false);
    std::optional<Failure> failure;
    if (PQsendQuery(db_.get(), statements.c_str()) != 1) broken(false);
    flush();
    while (auto* const result = next()) {
      const Rows rows{result};
      if (failed(result) && !failure) failure = failure_of(result);
    }
    if (PQstatus(db_.get()) != CONNECTION_OK) broken(true);
    if (PQenterPipelineMode(db_.get()) != 1) broken(true);
    if (failure) throw Refused{*std::move(failure), 0};
  }

  /// False if it is known that the other end is gone. Asks the system, not the server.
  [[nodiscard]] bool alive() noexcept {
    if (PQstatus(db_.get()) != CONNECTION_OK) return false;
    if (polled(false, 0) == 0) return true;  // silence: the usual
    // The first may find the server's last words, the second that nothing comes after them.
    return PQconsumeInput(db_.get()) == 1 && PQconsumeInput(db_.get()) == 1 &&
           PQstatus(db_.get()) == CONNECTION_OK;
  }

  /// The same, of a connection whose next run comes at once, and so need not look again.
  [[nodiscard]] bool alive_for_next_run() noexcept { return looked_at_ = alive(); }

 private:
  struct Finish {
    void operator()(PGconn* db) const noexcept { PQfinish(db); }
  };
  using Prepared = std::unordered_map<std::string, std::string>;  // text, name

  static std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  }

  [[noreturn]] void broken(bool sent) {
    auto why = trimmed(PQerrorMessage(db_.get()));
    throw Broken{why.empty() ? "the connection has ended" : std::move(why), sent};
  }

  [[nodiscard]] static bool failed(const PGresult* result) noexcept {
    const auto status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
  }

  [[nodiscard]] static Failure failure_of(const PGresult* result) {
    const auto field = [&](int code) {
      const auto* const text = PQresultErrorField(result, code);
      return text ? std::string{text} : std::string{};
    };
    const auto severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    auto message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = trimmed(PQresultErrorMessage(result));
    const auto state = field(PG_DIAG_SQLSTATE);
    return {state,
            std::move(message),
            field(PG_DIAG_MESSAGE_DETAIL),
            field(PG_DIAG_TABLE_NAME),
            field(PG_DIAG_COLUMN_NAME),
            field(PG_DIAG_CONSTRAINT_NAME),
            state.empty() || severity == "FATAL" || severity == "PANIC"};
  }

  // An update has a text for each set of fields that changed: the oldest are not worth telling from the
  // newest.
  void prepare_room(std::size_t coming) {
    constexpr std::size_t most = 256;
    if (prepared_.size() + coming <= most || prepared_.empty()) return;
    prepared_.clear();
    const Query all{"DEALLOCATE ALL", Query::Kind::once};
    std::vector<const std::string*> none;
    send(all, none);
    if (PQpipelineSync(db_.get()) != 1) broken(false);
    flush();
    receive({&all, 1}, none);
  }

  void send(const Query& query, std::vector<const std::string*>& new_texts) {
    if (observer_) observer_(query.sql());
    const auto values = query.values();
    const auto count = static_cast<int>(values.size());
    if (query.kind() == Query::Kind::once) {
      new_texts.push_back(nullptr);
      if (PQsendQueryParams(db_.get(), query.sql().c_str(), count, nullptr, values.data(), nullptr, nullptr,
                            0) != 1) {
        broken(false);
      }
      return;
    }
    const auto [found, is_new] = prepared_.try_emplace(query.sql());
    if (is_new) {
      found->second = joined("l", std::to_string(++names_));
      if (PQsendPrepare(db_.get(), found->second.c_str(), query.sql().c_str(), 0, nullptr) != 1) {
        prepared_.erase(found);
        broken(false);
      }
    }
    new_texts.push_back(is_new ? &found->first : nullptr);
    if (PQsendQueryPrepared(db_.get(), found->second.c_str(), count, values.data(), nullptr, nullptr, 0) !=
        1) {
      broken(false);
    }
  }

  // One answer for each statement that is prepared, one for each that runs, and one for the end of it all.
  std::vector<Rows> receive(std::span<const Query> queries,
                            const std::vector<const std::string*>& new_texts) {
    std::vector<Rows> all;
    all.reserve(queries.size());
    std::optional<Refused> refused;
    const auto take = [&](std::size_t statement) {  // the answer to one command
      std::optional<Rows> rows;
      while (auto* const result = next()) {
        rows.emplace(result);
        if (failed(result) && !refused) refused = Refused{failure_of(result), statement};
      }
      if (!rows) broken(true);
      return *std::move(rows);
    };
    for (std::size_t at = 0; at < queries.size(); ++at) {
      if (new_texts[at]) {
        take(at);
        if (refused) forget(*new_texts[at]);
      }
      all.push_back(take(at));
      check_end(refused);
    }
    for (bool ended = false; !ended;) {
      auto* const result = next();
      if (!result) {
        if (PQstatus(db_.get()) != CONNECTION_OK) broken(true);
        continue;
      }
      const Rows rows{result};
      if (failed(result) && !refused) refused = Refused{failure_of(result), queries.size()};
      ended = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
      check_end(refused);
    }
    if (refused) throw *std::move(refused);
    return all;
  }

  // Whether what was sent has run is unknown if the server ended the connection.
  void check_end(const std::optional<Refused>& refused) {
    if (refused && refused->failure.fatal) throw Broken{refused->failure.message, true};
    if (PQstatus(db_.get()) != CONNECTION_OK) broken(true);
  }

  void forget(const std::string& text) { prepared_.erase(prepared_.find(text)); }

  /// The next result; null after the last one of a command.
  PGresult* next() {
    while (PQisBusy(db_.get()) != 0) {
      wait(false);
      if (PQconsumeInput(db_.get()) != 1) break;  // the error is the next result
    }
    return PQgetResult(db_.get());
  }

  void flush() {
    for (;;) {
      const int left = PQflush(db_.get());
      if (left == 0) return;
      if (left < 0) broken(false);
      wait(true);
      if (PQconsumeInput(db_.get()) != 1) broken(false);
    }
  }

  /// Until the server has something to say, or can hear more.
  void wait(bool to_write) {
    const int ready = polled(to_write, answer_timeout_ ? static_cast<int>(answer_timeout_->count()) : -1);
    if (ready > 0) return;
    if (ready == 0) throw Broken{"the server did not answer in time", !to_write};
    broken(!to_write);
  }

  /// Positive if there may be something to read, or room to write; zero after so many milliseconds without.
  [[nodiscard]] int polled(bool to_write, int milliseconds) noexcept {
#ifdef _WIN32
    WSAPOLLFD socket{static_cast<SOCKET>(PQsocket(db_.get())), POLLRDNORM, 0};
    if (to_write) socket.events |= POLLWRNORM;
    return WSAPoll(&socket, 1, milliseconds);
#else
    pollfd socket{PQsocket(db_.get()), POLLIN, 0};
    if (to_write) socket.events |= POLLOUT;
    const int ready = poll(&socket, 1, milliseconds);
    return ready < 0 && errno == EINTR ? 1 : ready;  // a signal: the caller looks, and waits again
#endif
  }

  std::unique_ptr<PGconn, Finish> db_;
  std::optional<std::chrono::milliseconds> answer_timeout_;
  Observer observer_;
  Prepared prepared_;
  std::uint64_t names_ = 0;
  bool looked_at_ = false;  // and found alive, just now
};

}  // namespace lockstep::postgres::detail
