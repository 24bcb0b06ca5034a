/*
 * Starts two programs in turn, and prints the median of what each start took until its end, in microseconds.
 *
 * usage: starts TIMES PROGRAM PROGRAM ARG ...      both get the same arguments
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double start(const posix_spawn_file_actions_t *silent, char **argv)
{
    extern char **environ;
    pid_t pid;
    int status;
    double began = now();
    if (posix_spawn(&pid, argv[0], silent, NULL, argv, environ) || waitpid(pid, &status, 0) < 0 || status) {
        fprintf(stderr, "%s does not run\n", argv[0]);
        exit(1);
    }
    return now() - began;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    int times = atoi(argv[1]);
    char *programs[] = {argv[2], argv[3]};
    double *took[] = {calloc(times, sizeof(double)), calloc(times, sizeof(double))};
    posix_spawn_file_actions_t silent;
    posix_spawn_file_actions_init(&silent);
    posix_spawn_file_actions_addopen(&silent, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&silent, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < times; i++)
        for (int which = 0; which < 2; which++) {
            argv[3] = programs[which];
            took[which][i] = start(&silent, argv + 3);
        }
    for (int which = 0; which < 2; which++) {
        qsort(took[which], times, sizeof(double), ascending);
        printf("%f ", took[which][times / 2]);
    }
    return 0;
}
