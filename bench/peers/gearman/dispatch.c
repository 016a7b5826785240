/* Gearman on the work of W1, W3 and W5: jobs run by workers that are processes of their own.
 * usage: gearman dispatch JOBS WORKERS | latency TIMES | faults JOBS WORKERS MS KILLS | idle WORKERS */
#include <errno.h>
#include <fcntl.h>
#include <libgearman/gearman.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_AT_ONCE 1000

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double cpu_seconds(int who) {
  struct rusage used;
  getrusage(who, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static in_port_t free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, size);
  getsockname(listener, (struct sockaddr *)&address, &size);
  close(listener);
  return ntohs(address.sin_port);
}

/* Of faults: a job takes so long and then appends its name to the file. */
static useconds_t job_us;
static int effects = -1;

static gearman_return_t run_job(gearman_job_st *job, void *context) {
  (void)context;
  if (effects >= 0) {
    char line[32];
    int size = snprintf(line, sizeof line, "%s\n", gearman_job_unique(job));
    usleep(job_us);
    if (write(effects, line, (size_t)size) != size) {
      return GEARMAN_FAIL;
    }
  }
  return GEARMAN_SUCCESS;
}

static void work(in_port_t port) {
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_worker_add_server(worker, "127.0.0.1", port);
  gearman_worker_add_options(worker, GEARMAN_WORKER_GRAB_UNIQ); /* to be told the job's name */
  gearman_worker_define_function(worker, "slice", 5, gearman_function_create(run_job), 0, NULL);
  for (;;) {
    if (gearman_failed(gearman_worker_work(worker))) {
      usleep(1000); /* the server is not there yet */
    }
  }
}

/* Keeps a worker in `pid`: one that dies is started again at once. */
static void supervise(in_port_t port, volatile pid_t *pid) {
  for (;;) {
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      work(port);
    }
    *pid = child;
    waitpid(child, NULL, 0);
  }
}

/* How often each of the numbers below `jobs` is a line of the file. */
static void count_effects(const char *path, long jobs, long *lost, long *doubled) {
  int *times = calloc((size_t)jobs, sizeof *times);
  FILE *file = fopen(path, "r");
  long number;
  *doubled = 0;
  *lost = jobs;
  while (file != NULL && fscanf(file, "%ld", &number) == 1) {
    if (number >= 0 && number < jobs) {
      if (times[number]++ == 0) {
        --*lost;
      } else {
        ++*doubled;
      }
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  free(times);
}

static void run_jobs(gearman_client_st *client, long jobs) {
  char name[32], request[64];
  for (long i = 0; i < jobs; ++i) {
    gearman_return_t code;
    int name_size = snprintf(name, sizeof name, "%ld", i);
    int request_size = snprintf(request, sizeof request, "{\"from\":%ld,\"count\":1}", i);
    (void)name_size;
    gearman_client_add_task(client, NULL, NULL, "slice", name, request, (size_t)request_size, &code);
  }
  if (gearman_failed(gearman_client_run_tasks(client))) {
    fprintf(stderr, "gearman: %s\n", gearman_client_error(client));
    exit(1);
  }
  gearman_client_task_free_all(client);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  int dispatches = argc == 4 && strcmp(what, "dispatch") == 0;
  int fails = argc == 6 && strcmp(what, "faults") == 0;
  int idles = argc == 3 && strcmp(what, "idle") == 0;
  if (!dispatches && !fails && !idles && !(argc == 3 && strcmp(what, "latency") == 0)) {
    fprintf(stderr, "usage: gearman dispatch JOBS WORKERS | latency TIMES | faults JOBS WORKERS MS KILLS | idle WORKERS\n");
    return 2;
  }
  long count = atol(argv[2]);
  long workers = dispatches || fails ? atol(argv[3]) : idles ? count : 1;
  char effects_path[] = "/tmp/slicebus-bench-gearman-XXXXXX";
  if (fails) {
    effects = mkstemp(effects_path);
    if (effects < 0 || fcntl(effects, F_SETFL, O_APPEND) != 0) {
      fprintf(stderr, "gearman: %s: %s; make room in /tmp\n", effects_path, strerror(errno));
      return 1;
    }
    job_us = (useconds_t)(1000 * atol(argv[4]));
  }
  in_port_t port = free_port();
  char port_text[16];
  snprintf(port_text, sizeof port_text, "%u", port);
  pid_t children[64];
  int started = 0;
  children[started++] = fork();
  if (children[0] == 0) {
    execlp("gearmand", "gearmand", "--listen=127.0.0.1", "--port", port_text, "--log-file=/dev/null", (char *)NULL);
    perror("gearman: gearmand");
    _exit(1);
  }
  usleep(500000);
  volatile pid_t *pids = mmap(NULL, 64 * sizeof *pids, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < workers && started < 64; ++i) {
    children[started++] = fork();
    if (children[started - 1] == 0) {
      if (fails) {
        supervise(port, &pids[i]);
      }
      work(port);
    }
  }
  usleep(500000);
  gearman_client_st *client = gearman_client_create(NULL);
  gearman_client_add_server(client, "127.0.0.1", port);
  if (!fails) {
    run_jobs(client, 10); /* everybody is connected afterwards */
  }
  double began = now(), took = 0;
  double *each = calloc((size_t)count, sizeof *each);
  if (fails && atol(argv[5]) != 0) {
    children[started++] = fork();
    if (children[started - 1] == 0) {
      usleep((useconds_t)(1000 * atol(argv[4]) * count / workers / 2));
      kill(pids[0], SIGKILL);
      _exit(0);
    }
  }
  if (idles) { /* until standard input closes */
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
  } else if (dispatches || fails) {
    for (long done = 0; done < count; done += JOBS_AT_ONCE) {
      run_jobs(client, count - done < JOBS_AT_ONCE ? count - done : JOBS_AT_ONCE);
    }
    took = now() - began;
  } else {
    for (long i = 0; i < count; ++i) {
      double start = now();
      run_jobs(client, 1);
      each[i] = (now() - start) * 1000;
    }
    qsort(each, (size_t)count, sizeof *each, by_size);
  }
  while (started > 0) {
    kill(children[--started], SIGKILL);
    waitpid(children[started], NULL, 0);
  }
  if (fails) {
    long lost, doubled;
    count_effects(effects_path, count, &lost, &doubled);
    unlink(effects_path);
    printf("{\"seconds\": %.6f, \"lost\": %ld, \"doubled\": %ld}\n", took, lost, doubled);
  } else if (dispatches) {
    printf("{\"slices\": %ld, \"seconds\": %.6f, \"cpu_seconds\": %.3f}\n", count, took,
           cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN));
  } else if (!idles) {
    printf("{\"times\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", count, each[count / 2], each[count * 99 / 100]);
  }
  return 0;
}
