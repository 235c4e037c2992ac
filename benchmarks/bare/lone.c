/* What this machine takes for the shape of one command, and nothing else: no SQLite, no protocol, no checksums.
 *
 *     cc -O2 -Wall -pthread -o /tmp/lone lone.c && /tmp/lone DIRECTORY [PORT]
 *
 * A client sends 100 bytes to a leader and waits for 64. The leader sends 160 bytes to two followers; each of the
 * three writes 12 KiB into a file whose blocks are there, waits for fdatasync, and the followers answer with 64 bytes.
 * When two of the three are done, the client is answered. Each node is a process with a thread for its sockets and one
 * for its disk, as a node of Decree is; all are blocking calls over loopback TCP. One command is in flight.
 *
 * Prints commands a second, p50 and p99 in microseconds. Linux. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 100, ACCEPT = 160, ANSWER = 64, FRAMES = 12288, PLACES = 700, WARMUP = 500, SECONDS = 4, MOST = 100000 };

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void check(int isFine, const char *what) {
    if (isFine) return;
    perror(what);
    exit(1);
}

/* Sockets. */

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int undelayed(int descriptor) {
    int one = 1;
    check(descriptor >= 0, "socket");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return descriptor;
}

static int accepted(int port) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    check(bind(listener, (void *)&address, sizeof address) == 0, "bind");
    check(listen(listener, 1) == 0, "listen");
    return undelayed(accept(listener, NULL, NULL));
}

static int connected(int port) {
    struct sockaddr_in address = loopback(port);
    for (int attempt = 0; attempt < 3000; attempt++) {
        int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(descriptor, (void *)&address, sizeof address) == 0) return undelayed(descriptor);
        close(descriptor);
        usleep(10000);
    }
    check(0, "connect");
    return -1;
}

/* A node ends when the client does, and says nothing. */
static int isClient;

static void ended(void) {
    if (isClient) fputs("lone: a node has ended\n", stderr);
    exit(1);
}

static void take(int descriptor, int count) {
    char bytes[256];
    while (count > 0) {
        ssize_t got = read(descriptor, bytes, count);
        if (got <= 0) ended();
        count -= got;
    }
}

static void give(int descriptor, int count) {
    static const char bytes[256];
    if (write(descriptor, bytes, count) != count) ended();
}

/* The disk and its thread. */

static int file, done;
static sem_t wanted;
static const char frames[FRAMES];

static void *disk(void *unused) {
    uint64_t one = 1;
    for (int place = 0;; place = (place + 1) % PLACES) {
        sem_wait(&wanted);
        check(pwrite(file, frames, FRAMES, (off_t)place * FRAMES) == FRAMES, "pwrite");
        check(fdatasync(file) == 0, "fdatasync");
        check(write(done, &one, sizeof one) == sizeof one, "eventfd");
    }
    return unused;
}

static void openDisk(const char *directory, int node) {
    char path[4096];
    pthread_t thread;
    snprintf(path, sizeof path, "%s/lone-%d", directory, node);
    check((file = open(path, O_RDWR | O_CREAT, 0644)) >= 0, path);
    unlink(path);
    for (int place = 0; place < PLACES; place++)
        check(pwrite(file, frames, FRAMES, (off_t)place * FRAMES) == FRAMES, "pwrite");
    check(fsync(file) == 0, "fsync");
    check((done = eventfd(0, 0)) >= 0 && sem_init(&wanted, 0, 0) == 0, "eventfd");
    check(pthread_create(&thread, NULL, disk, NULL) == 0, "pthread_create");
}

static void takeDone(void) {
    uint64_t count;
    check(read(done, &count, sizeof count) == sizeof count, "eventfd");
}

/* The nodes. */

static void follow(int port) {
    int leader = accepted(port);
    for (;;) {
        take(leader, ACCEPT);
        sem_post(&wanted);
        takeDone();
        give(leader, ANSWER);
    }
}

static void lead(int port) {
    int client = accepted(port), followers[2] = {connected(port + 1), connected(port + 2)};
    struct pollfd ready[4] = {{client, POLLIN}, {followers[0], POLLIN}, {followers[1], POLLIN}, {done, POLLIN}};
    long asked = 0, answered = 0, votes[3] = {0};
    int isBusy = 0;
    for (;;) {
        check(poll(ready, 4, -1) > 0, "poll");
        if (ready[0].revents) {
            take(client, REQUEST);
            asked++;
            for (int index = 0; index < 2; index++) give(followers[index], ACCEPT);
        }
        for (int index = 0; index < 2; index++)
            if (ready[index + 1].revents) {
                take(followers[index], ANSWER);
                votes[index]++;
            }
        if (ready[3].revents) {
            takeDone();
            votes[2]++;
            isBusy = 0;
        }
        if (!isBusy && votes[2] < asked) {
            sem_post(&wanted);
            isBusy = 1;
        }
        if (answered < asked && (votes[0] >= asked) + (votes[1] >= asked) + (votes[2] >= asked) >= 2) {
            answered = asked;
            give(client, ANSWER);
        }
    }
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    if (count < 2) return fputs("usage: lone DIRECTORY [PORT]\n", stderr), 2;
    int port = count > 2 ? atoi(arguments[2]) : 17310;
    pid_t nodes[3];
    for (int node = 0; node < 3; node++)
        if ((nodes[node] = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            openDisk(arguments[1], node);
            node == 0 ? lead(port) : follow(port + node);
        }
    isClient = 1;
    int leader = connected(port);
    static uint64_t latencies[MOST];
    uint64_t start = 0, last = 0, end = 0;
    int measured = 0;
    for (int number = 0; measured < MOST && (end == 0 || last < end); number++) {
        give(leader, REQUEST);
        take(leader, ANSWER);
        uint64_t time = now();
        if (number == WARMUP) start = time, end = time + SECONDS * 1000000000ull;
        if (number > WARMUP) latencies[measured++] = time - last;
        last = time;
    }
    for (int node = 0; node < 3; node++) kill(nodes[node], SIGKILL), waitpid(nodes[node], NULL, 0);
    qsort(latencies, measured, sizeof *latencies, ascending);
    printf("%.0f/s, p50 %.0f us, p99 %.0f us\n", measured * 1e9 / (last - start), latencies[measured / 2] / 1e3,
           latencies[measured * 99 / 100] / 1e3);
    return 0;
}
