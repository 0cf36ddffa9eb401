/*
 * netpath - a network path of a known length between two network namespaces
 * of its own (Linux, root).
 *
 *     netpath MICROSECONDS
 *
 * makes two namespaces, 10.99.0.1 in the first and 10.99.0.2 in the second,
 * each with a TUN device of 1500-byte packets, and carries what is sent on one
 * to the other after that time, in order.  It prints the two namespaces as
 * files that `nsenter --net=FILE` takes, and runs until it is ended; then
 * nothing of it is left.
 *
 * Why it exists: on loopback the sender does the receiver's TCP work, packets
 * are as large as 64 kB, and an acknowledgement comes at once.  Here the sender
 * hands packets over as to a network card (with checksum and segmentation left
 * to it); what they cause at the other end, and what acknowledgements cause at
 * this one, runs in the time of this program.
 *
 * Nobody waits for a device: both are looked at every POLL_NS, so that no
 * sender pays for waking us.
 *
 * License: MIT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MTU 1500
#define DEVICE_QUEUE 20000        /* packets that wait for us: a burst to thousands of players fits */
#define POLL_NS 100000ull
#define BATCH 256                 /* packets taken from one end before the other is looked at */
#define ROOM (64u << 20)          /* bytes under way in one direction; more stay in the device */
#define LARGEST (65535 + 64)      /* a packet that is still to be segmented, with its header */

static void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("netpath: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  exit(1);
}
static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* ------------------------------------------------------------------- ends */
typedef struct { int device, space; } end;

static void set(int control, unsigned long request, struct ifreq *r, const char *what) {
  if (ioctl(control, request, r)) die("%s: %s", what, strerror(errno));
}
static void set_address(int control, unsigned long request, const char *name, const char *address) {
  struct ifreq r = {0};
  struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
  strcpy(r.ifr_name, name);
  a->sin_family = AF_INET;
  inet_pton(AF_INET, address, &a->sin_addr);
  set(control, request, &r, address);
}
static void bring_up(int control, const char *name) {
  struct ifreq r = {.ifr_flags = IFF_UP | IFF_RUNNING};
  strcpy(r.ifr_name, name);
  set(control, SIOCSIFFLAGS, &r, "bring up");
}

/* A namespace with loopback and one end of the path. It lives as long as the descriptor of it. */
static end make_end(const char *address) {
  if (unshare(CLONE_NEWNET)) die("a network namespace: %s (root is needed)", strerror(errno));
  end e = {.space = open("/proc/self/ns/net", O_RDONLY), .device = open("/dev/net/tun", O_RDWR | O_NONBLOCK)};
  if (e.space < 0) die("/proc/self/ns/net: %s", strerror(errno));
  if (e.device < 0) die("/dev/net/tun: %s", strerror(errno));

  struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  strcpy(r.ifr_name, "path");
  set(e.device, TUNSETIFF, &r, "TUNSETIFF");
  int header = sizeof(struct virtio_net_hdr);
  if (ioctl(e.device, TUNSETVNETHDRSZ, &header)) die("TUNSETVNETHDRSZ: %s", strerror(errno));
  if (ioctl(e.device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)) die("TUNSETOFFLOAD: %s", strerror(errno));

  int control = socket(AF_INET, SOCK_DGRAM, 0);
  r.ifr_mtu = MTU;
  set(control, SIOCSIFMTU, &r, "MTU");
  r.ifr_qlen = DEVICE_QUEUE;
  set(control, SIOCSIFTXQLEN, &r, "queue");
  set_address(control, SIOCSIFADDR, "path", address);
  set_address(control, SIOCSIFNETMASK, "path", "255.255.255.0");
  bring_up(control, "path");
  bring_up(control, "lo");
  close(control);
  return e;
}

/* -------------------------------------------------------------- direction */
/* Packets under way, in one ring: each behind its due time and length, none across the ring's end. */
typedef struct { uint64_t due; uint32_t length, unused; } slot;
typedef struct { int from, to; uint8_t *ring; uint64_t head, tail; uint64_t refused; } direction;
#define TO_THE_START UINT32_MAX /* the rest of the ring is left out */
#define NEEDED (sizeof(slot) + LARGEST)

static uint64_t after(uint64_t position, uint32_t length) {
  return (position + sizeof(slot) + length + sizeof(slot) - 1) / sizeof(slot) * sizeof(slot);
}
static slot *at(direction *d, uint64_t position) { return (slot *)(d->ring + position % ROOM); }

static void take(direction *d, uint64_t delay) {
  for (int i = 0; i < BATCH; i++) {
    uint64_t left = ROOM - d->head % ROOM, skipped = left < NEEDED ? left : 0;
    if (d->head + skipped + NEEDED - d->tail > ROOM) return;
    if (skipped) at(d, d->head)->length = TO_THE_START;
    d->head += skipped;
    slot *s = at(d, d->head);
    ssize_t n = read(d->from, s + 1, LARGEST);
    if (n < 0 && errno != EAGAIN) die("read: %s", strerror(errno));
    if (n <= 0) return;
    s->due = now_ns() + delay;
    s->length = n;
    d->head = after(d->head, n);
  }
}

/* Returns when the next packet is due; UINT64_MAX when none is under way. */
static uint64_t deliver(direction *d) {
  while (d->tail < d->head) {
    slot *s = at(d, d->tail);
    if (s->length == TO_THE_START) {
      d->tail += ROOM - d->tail % ROOM;
      continue;
    }
    if (s->due > now_ns()) return s->due;
    /* A packet that the other end has no memory for is lost, as on any network. */
    if (write(d->to, s + 1, s->length) < 0) d->refused++;
    d->tail = after(d->tail, s->length);
  }
  return UINT64_MAX;
}

static volatile sig_atomic_t stopping;
static void stop(int signal) { (void)signal; stopping = 1; }

int main(int argc, char **argv) {
  char *rest = "";
  long delay_us = argc == 2 ? strtol(argv[1], &rest, 10) : -1;
  if (delay_us < 0 || *rest) die("usage: netpath MICROSECONDS");
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, 0);
  sigaction(SIGINT, &action, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM); /* who started us went away without a word */

  end a = make_end("10.99.0.1"), b = make_end("10.99.0.2");
  direction d[] = {{.from = a.device, .to = b.device}, {.from = b.device, .to = a.device}};
  for (int i = 0; i < 2; i++)
    if (!(d[i].ring = malloc(ROOM))) die("no memory");
  printf("/proc/%d/fd/%d /proc/%d/fd/%d\n", getpid(), a.space, getpid(), b.space);
  fflush(stdout);

  while (!stopping) {
    uint64_t wake = now_ns() + POLL_NS;
    for (int i = 0; i < 2; i++) take(&d[i], delay_us * 1000ull);
    for (int i = 0; i < 2; i++) {
      uint64_t due = deliver(&d[i]);
      if (due < wake) wake = due;
    }
    struct timespec t = {wake / 1000000000ull, wake % 1000000000ull};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0);
  }
  if (d[0].refused || d[1].refused)
    fprintf(stderr, "netpath: %lu packets were refused by their end\n", d[0].refused + d[1].refused);
  return 0;
}
