/* Gearman on the work of W1 and W3: jobs that do nothing, run by workers that are processes of their own.
 * usage: gearman dispatch JOBS WORKERS, or gearman latency TIMES */
#include <libgearman/gearman.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static in_port_t free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, size);
  getsockname(listener, (struct sockaddr *)&address, &size);
  close(listener);
  return ntohs(address.sin_port);
}

static gearman_return_t do_nothing(gearman_job_st *job, void *context) {
  (void)job;
  (void)context;
  return GEARMAN_SUCCESS;
}

static void work(in_port_t port) {
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_worker_add_server(worker, "127.0.0.1", port);
  gearman_worker_define_function(worker, "slice", 5, gearman_function_create(do_nothing), 0, NULL);
  for (;;) {
    if (gearman_failed(gearman_worker_work(worker))) {
      usleep(1000); /* the server is not there yet */
    }
  }
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
  int dispatches = argc == 4 && strcmp(argv[1], "dispatch") == 0;
  if (!dispatches && !(argc == 3 && strcmp(argv[1], "latency") == 0)) {
    fprintf(stderr, "usage: gearman dispatch JOBS WORKERS, or gearman latency TIMES\n");
    return 2;
  }
  long count = atol(argv[2]);
  long workers = dispatches ? atol(argv[3]) : 1;
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
  for (long i = 0; i < workers && started < 64; ++i) {
    children[started++] = fork();
    if (children[started - 1] == 0) {
      work(port);
    }
  }
  usleep(500000);
  gearman_client_st *client = gearman_client_create(NULL);
  gearman_client_add_server(client, "127.0.0.1", port);
  run_jobs(client, 10); /* everybody is connected afterwards */
  double began = now(), took = 0;
  double *each = calloc((size_t)count, sizeof *each);
  if (dispatches) {
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
  struct rusage own, theirs;
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &theirs);
  double cpu = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + theirs.ru_utime.tv_sec + theirs.ru_stime.tv_sec) +
               (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec + theirs.ru_utime.tv_usec + theirs.ru_stime.tv_usec) / 1e6;
  if (dispatches) {
    printf("{\"slices\": %ld, \"seconds\": %.6f, \"cpu_seconds\": %.3f}\n", count, took, cpu);
  } else {
    printf("{\"times\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", count, each[count / 2], each[count * 99 / 100]);
  }
  return 0;
}
