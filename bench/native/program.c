/* The programs that a benched init starts. They stamp first and do what the name they were called by says. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "stamp.h"

#define ORPHANS 10000
#define LIFETIME_S 15
#define CALM_US 400000

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

  /* Each child leaves a grandchild behind, which PID 1 has to reap. */
  if (!strcmp(name, "orphans"))
    for (int i = 0; i < ORPHANS; i++) {
      pid_t child = fork();
      if (child == 0) { fork(); _exit(0); }
      waitpid(child, NULL, 0);
    }

  if (!strcmp(name, "service") || !strcmp(name, "mortal") || !strcmp(name, "orphans")) stamp("service", getpid());
  else stamp("client", getpid()); /* pip, git, …: nobody should have started it */

  /* Dies of KILL; each at its own moment, so that twenty deaths are twenty measurements. */
  if (!strcmp(name, "mortal")) {
    usleep(LIFETIME_S * 1000000 + getpid() % 20 * 150000);
    stamp("death", getpid());
    kill(getpid(), SIGKILL);
  }
  if (!strcmp(name, "service") || !strcmp(name, "orphans")) for (;;) pause();
}
