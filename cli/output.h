// What alohactl writes: tables for people, JSON and text format for programs.
#ifndef ALOHA_CLI_OUTPUT_H_
#define ALOHA_CLI_OUTPUT_H_

#include <google/protobuf/message.h>

#include <concepts>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace aloha::cli {

enum class Format { kTable, kJson, kTextproto };

enum class Color { kNone, kGood, kWarning, kBad };

// Text without control characters and escape sequences, which could drive the terminal: each such
// byte becomes "?".
std::string Printable(std::string_view text);

// "17 s" as "17s", "3m12s", "4h5m", "12d3h". Negative: "0s".
std::string Duration(int64_t seconds);

// How long ago: Duration until now. `time_us`: microseconds since 1970; 0 gives "-".
std::string Age(int64_t time_us);

// Local time, "2026-03-01 14:05:09". `time_us`: microseconds since 1970; 0 gives "-".
std::string LocalTime(int64_t time_us);

// IEC: "512 B", "1.5 KiB", "12.0 GiB".
std::string Bytes(uint64_t bytes);

// One cell: text and how it stands out on a terminal. Control characters are replaced.
struct Cell {
  Cell(std::string_view cell_text, Color cell_color = Color::kNone)  // NOLINT: a cell is its text
      : text(Printable(cell_text)), color(cell_color) {}
  Cell(const std::string& cell_text) : Cell(std::string_view(cell_text)) {}  // NOLINT
  Cell(const char* cell_text) : Cell(std::string_view(cell_text)) {}         // NOLINT
  template <std::integral T>
  Cell(T number) : text(std::to_string(number)) {}  // NOLINT

  std::string text;
  Color color = Color::kNone;
};

// Aligned columns, two spaces apart. A name that begins with ">" makes its column right-aligned
// (numbers).
class Table {
 public:
  explicit Table(std::vector<std::string> columns);

  // A row; as many cells as columns.
  void Add(std::vector<Cell> cells);

  bool empty() const { return rows_.empty(); }

  // Header and rows, one a line; with escape sequences for colours when `color` is set.
  std::string Render(bool color) const;

 private:
  std::vector<std::string> columns_;
  std::vector<bool> right_;
  std::vector<std::vector<Cell>> rows_;
};

// Where the output goes and in which form.
class Output {
 public:
  // The streams must outlive this. `terminal`: standard output is one.
  Output(std::ostream& out, std::ostream& err, bool terminal)
      : out_(out), err_(err), terminal_(terminal) {}

  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  bool terminal() const { return terminal_; }
  Format format() const { return format_; }
  void set_format(Format format) { format_ = format; }

  // Colours are for terminals, unless NO_COLOR is set (no-color.org).
  bool color() const;

  // Writes the message when JSON or text format is wanted; false when a table is, and nothing was
  // written.
  bool Structured(const google::protobuf::Message& message);

  // The same, one line a message, for streams; flushed.
  bool StructuredLine(const google::protobuf::Message& message);

  // Writes a table, or `when_empty` (what to do next) when it has no rows.
  void Write(const Table& table, std::string_view when_empty);

  // From now on the process ends quietly, with success, when the reader of standard output goes
  // away, even while there is nothing to write. Does nothing unless standard output is a pipe or
  // socket.
  void EndWithReader();

 private:
  std::ostream& out_;
  std::ostream& err_;
  bool terminal_;
  Format format_ = Format::kTable;
};

}  // namespace aloha::cli

#endif  // ALOHA_CLI_OUTPUT_H_
