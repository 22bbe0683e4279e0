/* pid1 until-end|until-handlers|stop SERVICES SIGNAL CMD…

   Runs CMD as PID 1 of a new pid namespace and stamps what can only be seen from outside:
     exec      right before CMD is executed
     handlers  CMD catches signals (until-handlers)
     cpu       what the init and its helpers have used until all is calm, in microseconds (stop, but not by KILL)
     signal    the stop was asked for: SERVICES have started, and all is calm (stop)
     end       CMD is gone, and with it all that ran below it; its number is the exit code */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cpu.h"
#include "stamp.h"

#define LIMIT_S 60
#define POLL_US 50
#define SETTLE_US 400000

/* TERM tells nothing: Node catches it for itself long before any JavaScript could. It leaves HUP alone. */
static int catches_signals(int status) {
  char text[4096];
  ssize_t length = pread(status, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = 0;
  char *caught = strstr(text, "SigCgt:");
  return caught && strtoull(caught + 7, NULL, 16) >> (SIGHUP - 1) & 1;
}

static int count_services(void) {
  char text[65536];
  int file = open("/bench/out/stamps", O_RDONLY | O_CLOEXEC);
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = 0;
  int count = 0;
  for (char *at = text; (at = strstr(at, "service ")); at++) count++;
  return count;
}

static int has_ended(pid_t pid) {
  siginfo_t info = {0};
  return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *mode = argv[1];
  int services = atoi(argv[2]), stop_signal = atoi(argv[3]);

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIMIT_S);
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* of the outer pid namespace */
  if (unshare(CLONE_NEWPID | CLONE_NEWIPC)) { perror("unshare"); return 1; }
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) { perror("mount"); _exit(1); }
    stamp("exec", 0);
    execvp(argv[4], argv + 4);
    perror(argv[4]);
    _exit(127);
  }
  stamp("pid", pid);

  if (!strcmp(mode, "until-handlers")) {
    char path[32];
    snprintf(path, sizeof path, "%d/status", pid);
    int status = openat(proc, path, O_RDONLY);
    while (!catches_signals(status) && !has_ended(pid)) usleep(POLL_US);
    stamp("handlers", 0);
    kill(pid, SIGKILL);
  }
  if (!strcmp(mode, "stop")) {
    while (count_services() < services && !has_ended(pid)) usleep(20 * POLL_US);
    /* KILL only ends the run; how it stops is asked of the others. */
    if (stop_signal != SIGKILL) {
      usleep(SETTLE_US);
      stamp("cpu", read_cpu_us());
    }
    stamp("signal", stop_signal);
    kill(pid, stop_signal);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  stamp("end", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
