/* The lines that "chatty" writes and "drain" counts: 200 MB of them, each with its number: "#0000001 xxx…". */
#include <string.h>

#define LINES 2000000L
#define LINE_BYTES 100
#define LINES_PER_WRITE 625 /* a block of 62,500 bytes; LINES is a multiple of it */
#define LINE_MARK '#'
#define DIGITS 7

static inline void make_line(char *line, long number) {
  memset(line, 'x', LINE_BYTES - 1);
  line[0] = LINE_MARK;
  for (int digit = DIGITS; digit > 0; digit--, number /= 10) line[digit] = '0' + number % 10;
  line[DIGITS + 1] = ' ';
  line[LINE_BYTES - 1] = '\n';
}
