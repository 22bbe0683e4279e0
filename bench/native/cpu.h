/* The processor time of every process that /proc shows, but not of the services themselves. The scheduler counts
   nanoseconds, where utime and stime count hundredths of a second; what has ended is not in it. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_PROGRAM "/bench/program"

static int is_service(const char *pid) {
  char path[300], target[64];
  snprintf(path, sizeof path, "/proc/%s/exe", pid);
  ssize_t length = readlink(path, target, sizeof target - 1);
  return length == sizeof SERVICE_PROGRAM - 1 && !memcmp(target, SERVICE_PROGRAM, length);
}

static long long read_threads_ns(const char *pid) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *threads = opendir(path);
  long long total = 0, used;
  for (struct dirent *thread; threads && (thread = readdir(threads));) {
    if (!isdigit(thread->d_name[0])) continue; /* "..": the first thread once more */
    char file[600];
    snprintf(file, sizeof file, "%s/%s/schedstat", path, thread->d_name);
    FILE *stat = fopen(file, "re");
    if (stat && fscanf(stat, "%lld", &used) == 1) total += used;
    if (stat) fclose(stat);
  }
  if (threads) closedir(threads);
  return total;
}

static long read_cpu_us(void) {
  DIR *all = opendir("/proc");
  long long total = 0;
  for (struct dirent *each; all && (each = readdir(all));)
    if (isdigit(each->d_name[0]) && !is_service(each->d_name)) total += read_threads_ns(each->d_name);
  if (all) closedir(all);
  return total / 1000;
}
