/* The programs that a benched init starts. They stamp first and do what the name they were called by says. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "lines.h"
#include "stamp.h"

#define LIFETIME_S 15
#define CALM_US 400000
#define POLL_US 5000
#define WAIT_LIMIT_S 60

static void stay(void) {
  for (;;) pause();
}

/* Dies of KILL; each at its own moment, so that twenty deaths are twenty measurements. */
static void be_mortal(void) {
  usleep(LIFETIME_S * 1000000 + getpid() % 20 * 150000);
  stamp("death", getpid());
  kill(getpid(), SIGKILL);
}

/* Writes LINES numbered lines once the bench has made the file "go", by blocks, as programs write to a pipe. */
static void be_chatty(void) {
  for (int waited = 0; access("/bench/out/go", F_OK); waited += POLL_US) {
    if (waited > WAIT_LIMIT_S * 1000000) _exit(124);
    usleep(POLL_US);
  }
  stamp("talk", 0);
  static char block[LINES_PER_WRITE * LINE_BYTES];
  for (long number = 1; number <= LINES; number += LINES_PER_WRITE) {
    for (long i = 0; i < LINES_PER_WRITE; i++) make_line(block + i * LINE_BYTES, number + i);
    for (size_t done = 0; done < sizeof block;) {
      ssize_t written = write(1, block + done, sizeof block - done);
      if (written < 0) _exit(123);
      done += written;
    }
  }
}

/* What an operator types, one after the other: the time of each, and its exit code. */
static void be_operator(void) {
  static char *const commands[][4] = {
    {"/usr/local/lib/lintel/node", "-e", "0", NULL}, {"lintel", "version", NULL},
    {"lintel", "help", NULL}, {"lintel", "status", NULL},
  };
  usleep(CALM_US);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    stamp("asked", i);
    pid_t pid = vfork();
    if (pid == 0) { execvp(commands[i][0], commands[i]); _exit(127); }
    int status = 0;
    waitpid(pid, &status, 0);
    stamp("answered", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

int main(int argc, char **argv) {
  (void)argc;
  const char *slash = strrchr(argv[0], '/');
  const char *name = slash ? slash + 1 : argv[0];

  /* The CMD: ends once everything around it is calm. */
  if (!strcmp(name, "command")) {
    usleep(CALM_US);
    stamp("command", getpid());
    return 7;
  }
  if (!strcmp(name, "stubborn")) signal(SIGTERM, SIG_IGN);
  int is_service = !strcmp(name, "service") || !strcmp(name, "stubborn") || !strcmp(name, "mortal") ||
                   !strcmp(name, "chatty") || !strcmp(name, "operator");
  const char *other = !strcmp(name, "store") ? "store" : "client"; /* pip, git, …: nobody should have started it */
  stamp(is_service ? "service" : other, getpid());
  if (!strcmp(name, "mortal")) be_mortal();
  if (!strcmp(name, "chatty")) be_chatty();
  if (!strcmp(name, "operator")) be_operator();
  if (is_service) stay();
}
