/* The floor: the least that an init can do. Runs the scripts one by one, starts every service as uid 1000 in a
   session of its own, reaps whatever ends, and on TERM ends them all. */
#define _GNU_SOURCE
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKBENCH_UID 1000

static pid_t start(char *path, uid_t uid, const sigset_t *mask) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  sigprocmask(SIG_SETMASK, mask, NULL);
  setsid();
  if (uid != 0 && (setgroups(0, NULL) || setgid(uid) || setuid(uid))) _exit(126);
  execl(path, path, NULL);
  _exit(127);
}

int main(void) {
  sigset_t awaited, before;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &awaited, &before);

  glob_t found;
  if (!glob("/etc/cont-init.d/*", 0, NULL, &found))
    for (size_t i = 0; i < found.gl_pathc; i++) waitpid(start(found.gl_pathv[i], 0, &before), NULL, 0);
  if (!glob("/etc/services.d/*/run", 0, NULL, &found))
    for (size_t i = 0; i < found.gl_pathc; i++) start(found.gl_pathv[i], WORKBENCH_UID, &before);

  for (int stopping = 0, signal = 0;;) {
    sigwait(&awaited, &signal);
    if (signal == SIGTERM) stopping = !kill(-1, SIGTERM);
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) continue;
    if (stopping && ended < 0) return 0;
  }
}
