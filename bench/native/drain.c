/* drain: the reader of an init's output, as an engine's: takes all of it, as fast as it comes. The beginning goes to
   /bench/out/log; of the lines that "chatty" wrote, the whole ones that came in order are counted. Stamps
     drained  the last of them has come; its number is that count */
#include "lines.h"
#include "stamp.h"

#define KEPT_BYTES 65536
#define LINE_LIMIT 65536

static long expected = 1, whole = 0;

/* A prefix (text) and an end (JSON) may stand around it. */
static void look_at(const char *line, size_t length) {
  const char *at = memchr(line, LINE_MARK, length);
  if (!at || line + length - at < LINE_BYTES - 1) return;
  long number = 0;
  for (int digit = 1; digit <= DIGITS; digit++) number = number * 10 + at[digit] - '0';
  static char pattern[LINE_BYTES];
  if (!pattern[0]) make_line(pattern, 0);
  int is_whole = !memcmp(at + DIGITS + 1, pattern + DIGITS + 1, LINE_BYTES - DIGITS - 2);
  if (is_whole && number == expected) whole++;
  expected = number + 1;
  if (number == LINES) stamp("drained", whole);
}

int main(void) {
  static char text[2 * LINE_LIMIT];
  size_t held = 0, kept = 0;
  int log = open("/bench/out/log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  for (ssize_t count; (count = read(0, text + held, LINE_LIMIT)) > 0;) {
    if (kept < KEPT_BYTES && write(log, text + held, count) > 0) kept += count;
    char *line = text, *end = text + held + count;
    for (char *newline; (newline = memchr(line, '\n', end - line)); line = newline + 1) look_at(line, newline - line);
    held = end - line;
    if (held > LINE_LIMIT) held = 0; /* none of ours is that long */
    memmove(text, line, held);
  }
}
