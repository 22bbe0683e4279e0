/* orphans: a service that leaves 10,000 processes to PID 1, one after the other, and sees when it has reaped them.
     orphan   the last of them ends
     reaped   none of them is left, not even as a zombie
     zombies  how many were left PATIENCE_MS after the last had ended */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "stamp.h"

#define ORPHANS 10000
#define PATIENCE_MS 100
#define LIMIT_MS 5000
#define POLL_US 200

static pid_t orphans[ORPHANS];

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* A zombie still has its number, and no other process has got it yet. */
static int is_gone(pid_t pid) {
  return kill(pid, 0) && errno == ESRCH;
}

static int count_left(void) {
  int count = 0;
  for (int i = 0; i < ORPHANS; i++) count += !is_gone(orphans[i]);
  return count;
}

/* Its child ends at once, so that the grandchild becomes PID 1's. */
static pid_t leave_orphan(int is_last, int fds[2]) {
  pid_t child = fork(), orphan = 0;
  if (child == 0) {
    orphan = fork();
    if (orphan != 0 && write(fds[1], &orphan, sizeof orphan) != sizeof orphan) _exit(1);
    if (orphan == 0 && is_last) stamp("orphan", getpid());
    _exit(0);
  }
  waitpid(child, NULL, 0);
  if (read(fds[0], &orphan, sizeof orphan) != sizeof orphan) _exit(1);
  return orphan;
}

int main(void) {
  int fds[2];
  if (pipe(fds)) return 1;
  stamp("service", getpid());
  for (int i = 0; i < ORPHANS; i++) orphans[i] = leave_orphan(i == ORPHANS - 1, fds);
  double start = now_ms();
  int is_counted = 0;
  for (int first = 0; now_ms() - start < LIMIT_MS; usleep(POLL_US)) {
    /* The first ones usually go first: mostly one call tells that some are left. */
    while (first < ORPHANS && is_gone(orphans[first])) first++;
    if (!is_counted && (first == ORPHANS || now_ms() - start >= PATIENCE_MS)) {
      stamp("zombies", count_left());
      is_counted = 1;
    }
    if (first < ORPHANS) continue;
    stamp("reaped", 0);
    break;
  }
  for (;;) pause();
}
