/*
 * rtmpload - a cheap RTMP / HTTP-FLV / WebSocket-FLV load generator and meter
 * (Linux, epoll).
 *
 * One process plays the part of M publishers and N players against a media
 * server, and reads the server's CPU time and memory from /proc itself, so a
 * run ends with one JSON line that holds cost, loss and latency together.
 *
 * Why it is cheap:
 *   - Only a sampled subset of the players (-s) has its stream parsed.  The
 *     rest are "bulk" players: once their first frame arrived, their bytes are
 *     thrown away in the kernel (recv with MSG_TRUNC copies nothing).
 *   - Bulk sockets live in a second epoll set that is drained once per -q
 *     milliseconds; nobody sleeps on that set, so a server's send() does not
 *     pay for waking us.
 *   - Sampled and connecting sockets live in the first set, which is waited on,
 *     so latency figures are taken at once.
 *
 * Latency: each published video frame gets one extra H.264 SEI NAL unit
 * (user_data_unregistered) with our UUID and 16 hex digits: 5 for the frame's
 * number in its stream, 11 for the send time in microseconds of
 * CLOCK_MONOTONIC.  Servers pass it through; it survives timestamp rewriting,
 * and it works for every transport alike.  The number tells lost frames exactly.
 *
 * License: MIT.  See README.md for usage.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define MAXPID 64
#define HEAD 512 /* bytes kept of each message: enough for commands and the stamp */
#define NCS 70   /* chunk stream ids we keep state for */
#define SHS 1536

static const u8 UUID[16] = "rtmpload-stamp-1";
#define SEI_LEN 40 /* 4 length + 3 SEI header + 16 UUID + 16 hex + 1 trailing */
#define US_BITS 44 /* of the stamp: 203 days of microseconds; the frame's number is above them */
#define US_MASK ((1ull << US_BITS) - 1)
#define SEQ_MASK ((1u << (64 - US_BITS)) - 1)

/* ------------------------------------------------------------------ time */
static u64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* ------------------------------------------------------------- statistics */
typedef struct { u32 *v; size_t n, cap; } vec; /* plain sample vector */
static void vpush(vec *a, u32 x) {
  if (a->n == a->cap) {
    if (a->cap >= (1u << 22)) return; /* keep at most 4M samples */
    a->cap = a->cap ? a->cap * 2 : 1024;
    a->v = realloc(a->v, a->cap * sizeof(u32));
  }
  a->v[a->n++] = x;
}
static int cmpu(const void *a, const void *b) {
  u32 x = *(const u32 *)a, y = *(const u32 *)b;
  return x < y ? -1 : x > y;
}
static void vsort(vec *a) { if (a->n) qsort(a->v, a->n, sizeof(u32), cmpu); }
static double vpct(vec *a, double p) { /* call vsort first */
  if (!a->n) return -1;
  size_t i = (size_t)(p * (a->n - 1) + 0.5);
  return a->v[i];
}

/* ---------------------------------------------------------------- options */
static struct {
  char host[64], app[128], name[256], path[512];
  int port;
  int n, m, sample, rate, quantum, storm, conc, idle, http, bufms, chunk, wait, rcvbuf, family;
  double speed, dur, warm, settle, spread;
  const char *file, *label, *src;
  int pids[MAXPID], npid, helper;
} O = {.n = 1, .m = 0, .sample = 20, .rate = 300, .dur = 15, .warm = 3, .settle = 3, .quantum = 20, .conc = 32,
       .bufms = 1000, .chunk = 4096, .speed = 1.0, .wait = 30, .label = "", .src = "127.0.0"};

/* ------------------------------------------------------------- connection */
enum { ROLE_PLAY, ROLE_PUB };
enum { OVER_RTMP, OVER_HTTP, OVER_WS }; /* O.http: what players speak */
enum { ST_CONNECTING, ST_HANDSHAKE, ST_CONNECT, ST_CREATE, ST_START, ST_RUN, ST_IDLE, ST_HTTPHDR, ST_DEAD };

typedef struct { u32 ts, len, sid, got, delta; u8 type, ext; u8 head[HEAD]; } cstream;

typedef struct conn {
  int fd, role, st, idx, stream, sampled, bulk;
  u64 t0;               /* connect() start */
  u64 raw, raw0, raw1;  /* bytes received: now, at window start, at window end */
  u64 msgs, payload;    /* media messages and payload bytes in window (sampled) */
  u64 lastvid;          /* arrival of last video message */
  int gotfirst;
  u32 lastseq; int hasseq; /* the last stamped frame's number */
  /* receive side */
  u8 part[64]; int npart; /* unparsed remainder: a piece of a chunk/tag header */
  u32 inchunk, left;      /* peer's chunk size; bytes left in current chunk */
  int cs;                 /* current chunk stream */
  cstream *tab;           /* NCS entries, freed once the player turns bulk */
  u8 *hs; int nhs;        /* handshake or HTTP header gathering */
  int chunked; long ck; int ckst; /* HTTP chunked coding state */
  u8 wsh[10]; int nwsh; u64 wsleft; u8 wsop, wsctl[125], nwsctl; /* WebSocket frame state */
  u32 flvleft, flvskip; u8 flvtype; u32 flvlen, flvgot; u8 fhead[HEAD]; int flvhdr;
  u32 streamid;
  /* send side */
  u8 *ob; size_t on, ocap, opos;
  /* publisher */
  size_t tag; u32 loopbase; u64 pub0; u64 sent_msgs, sent_bytes; int seq; u32 frameno;
} conn;

static conn **C; static int NC, CCAP;
static int epA, epB; /* A: waited on; B: bulk, drained per quantum */
static u8 RB[1 << 20];
static int inwin, stopping;
static int n_up, n_fail, n_first, pubs_up;
static u64 pubw_msgs, pubw_bytes; /* published in the window */
static u64 sampled_msgs, sampled_payload, lost_frames, aggregates;
static vec V_lat, V_join, V_gap, V_storm;
static u64 storm_done, storm_fail, storm_started;

static void die(const char *f, ...) {
  va_list a; va_start(a, f); vfprintf(stderr, f, a); va_end(a); fputc('\n', stderr); exit(2);
}

/* ---------------------------------------------------------------- FLV file */
typedef struct { u8 type; u32 ts, len; const u8 *data; } ftag;
static ftag *T; static size_t NT; static u32 flv_dur;
static u32 be24(const u8 *p) { return p[0] << 16 | p[1] << 8 | p[2]; }
static u32 be32(const u8 *p) { return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static size_t tag_seq_end; /* index of the first tag after metadata/sequence headers */
static int is_seqhdr(const ftag *t) {
  return (t->type == 9 && t->len > 1 && t->data[1] == 0 && (t->data[0] & 15) == 7) ||
         (t->type == 8 && t->len > 1 && (t->data[0] >> 4) == 10 && t->data[1] == 0);
}
static void load_flv(const char *fn) {
  FILE *f = fopen(fn, "rb"); if (!f) die("cannot open %s", fn);
  fseek(f, 0, SEEK_END); long sz = ftell(f); rewind(f);
  u8 *b = malloc(sz); if (fread(b, 1, sz, f) != (size_t)sz) die("short read"); fclose(f);
  size_t p = be32(b + 5) + 4, cap = 0;
  while (p + 11 < (size_t)sz) {
    u32 len = be24(b + p + 1), ts = be24(b + p + 4) | (u32)b[p + 7] << 24;
    if (p + 11 + len > (size_t)sz) break;
    if (NT == cap) T = realloc(T, (cap = cap ? cap * 2 : 4096) * sizeof *T);
    T[NT++] = (ftag){b[p] & 31, ts, len, b + p + 11};
    if (ts > flv_dur) flv_dur = ts;
    p += 11 + len + 4;
  }
  flv_dur += 33;
  for (tag_seq_end = 0; tag_seq_end < NT && (T[tag_seq_end].type == 18 || is_seqhdr(&T[tag_seq_end]) || T[tag_seq_end].len < 6);) tag_seq_end++;
  if (!NT) die("no tags in %s", fn);
}

/* --------------------------------------------------------------- send side */
static void want(conn *c, int out) {
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(c->bulk ? epB : epA, EPOLL_CTL_MOD, c->fd, &e);
}
static void oput(conn *c, const void *p, size_t n) {
  if (c->on + n > c->ocap) { c->ocap = (c->on + n) * 2; c->ob = realloc(c->ob, c->ocap); }
  memcpy(c->ob + c->on, p, n); c->on += n;
}
static void drop(conn *c, const char *why);
static void oflush(conn *c) {
  while (c->opos < c->on) {
    ssize_t r = send(c->fd, c->ob + c->opos, c->on - c->opos, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r > 0) { c->opos += r; continue; }
    if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) { want(c, 1); return; }
    drop(c, "send"); return;
  }
  if (c->opos && c->on) want(c, 0);
  c->on = c->opos = 0;
}
/* one RTMP message, type-0 header, split by our chunk size */
static u32 ourchunk(conn *c) { return c->st >= ST_CREATE ? (u32)O.chunk : 128; }
static void omsg(conn *c, int csid, u8 type, u32 ts, u32 sid, const u8 *p, u32 n) {
  u32 t = ts >= 0xffffff ? 0xffffff : ts;
  u8 h[16] = {csid, t >> 16, t >> 8, t, n >> 16, n >> 8, n, type, sid, sid >> 8, sid >> 16, sid >> 24};
  int hl = 12;
  if (t == 0xffffff) { h[12] = ts >> 24; h[13] = ts >> 16; h[14] = ts >> 8; h[15] = ts; hl = 16; }
  oput(c, h, hl);
  u32 cz = ourchunk(c);
  for (u32 o = 0; o < n;) {
    u32 k = n - o < cz ? n - o : cz;
    oput(c, p + o, k); o += k;
    if (o < n) { u8 b = 0xc0 | csid; oput(c, &b, 1); if (hl == 16) oput(c, h + 12, 4); }
  }
}
/* small AMF0 writer */
typedef struct { u8 b[1024]; int n; } amf;
static void a_str_raw(amf *a, const char *s) { int l = strlen(s); a->b[a->n++] = l >> 8; a->b[a->n++] = l; memcpy(a->b + a->n, s, l); a->n += l; }
static void a_str(amf *a, const char *s) { a->b[a->n++] = 2; a_str_raw(a, s); }
static void a_num(amf *a, double d) { u64 x; memcpy(&x, &d, 8); a->b[a->n++] = 0; for (int i = 7; i >= 0; i--) a->b[a->n++] = x >> (i * 8); }
static void a_null(amf *a) { a->b[a->n++] = 5; }
static void a_prop(amf *a, const char *k) { a_str_raw(a, k); }

static void send_connect(conn *c) {
  amf a = {.n = 0}; char url[512];
  snprintf(url, sizeof url, "rtmp://%s:%d/%s", O.host, O.port, O.app);
  a_str(&a, "connect"); a_num(&a, 1); a.b[a.n++] = 3;
  a_prop(&a, "app"); a_str(&a, O.app);
  a_prop(&a, "type"); a_str(&a, "nonprivate");
  a_prop(&a, "flashVer"); a_str(&a, c->role == ROLE_PUB ? "FMLE/3.0 (compatible; rtmpload)" : "LNX 11,1,102,55");
  a_prop(&a, "tcUrl"); a_str(&a, url);
  a_prop(&a, "fpad"); a.b[a.n++] = 1; a.b[a.n++] = 0;
  a_prop(&a, "capabilities"); a_num(&a, 239);
  a_prop(&a, "audioCodecs"); a_num(&a, 3575);
  a_prop(&a, "videoCodecs"); a_num(&a, 252);
  a_prop(&a, "videoFunction"); a_num(&a, 1);
  a_prop(&a, "objectEncoding"); a_num(&a, 0);
  a.b[a.n++] = 0; a.b[a.n++] = 0; a.b[a.n++] = 9;
  omsg(c, 3, 20, 0, 0, a.b, a.n);
  c->st = ST_CONNECT;
}
static void send_create(conn *c) {
  u8 w[4] = {0, 0x4c, 0x4b, 0x40}, z[4] = {O.chunk >> 24, O.chunk >> 16, O.chunk >> 8, O.chunk};
  omsg(c, 2, 5, 0, 0, w, 4);
  omsg(c, 2, 1, 0, 0, z, 4);
  c->st = ST_CREATE; /* from here ourchunk() is O.chunk */
  amf a = {.n = 0};
  a_str(&a, "createStream"); a_num(&a, 2); a_null(&a);
  omsg(c, 3, 20, 0, 0, a.b, a.n);
}
static void stream_name(conn *c, char *out, size_t n) { snprintf(out, n, O.name, c->stream); }
static void send_start(conn *c) {
  amf a = {.n = 0}; char nm[512]; stream_name(c, nm, sizeof nm);
  if (c->role == ROLE_PUB) {
    a_str(&a, "publish"); a_num(&a, 3); a_null(&a); a_str(&a, nm); a_str(&a, "live");
    omsg(c, 8, 20, 0, c->streamid, a.b, a.n);
  } else {
    a_str(&a, "play"); a_num(&a, 3); a_null(&a); a_str(&a, nm);
    /* -O: player i begins at its own place of a file; 1 ms, because players that want live or recorded send 0 */
    a_num(&a, O.spread > 0 ? 1 + (double)(long)(O.spread * 1000.0 * c->idx / (O.n ? O.n : 1)) : -2000);
    omsg(c, 8, 20, 0, c->streamid, a.b, a.n);
    u8 ub[10] = {0, 3, 0, 0, 0, c->streamid, O.bufms >> 24, O.bufms >> 16, O.bufms >> 8, O.bufms};
    omsg(c, 2, 4, 0, 0, ub, 10);
  }
  c->st = ST_START;
}

/* ------------------------------------------------------------- life cycle */
static conn *mk(int role, int idx, int stream) {
  conn *c = calloc(1, sizeof *c);
  c->role = role; c->idx = idx; c->stream = stream; c->inchunk = 128;
  /* sampled players are spread over the joining order: servers serve players in that order, or its reverse */
  int step = O.sample > 0 && O.n > O.sample ? O.n / O.sample : 1;
  c->sampled = role == ROLE_PUB || O.storm || (O.sample > 0 && idx % step == 0);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket: %s", strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (O.rcvbuf) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &O.rcvbuf, sizeof O.rcvbuf);
#ifdef IP_BIND_ADDRESS_NO_PORT
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
  if (!strncmp(O.host, "127.", 4)) { /* spread over loopback source addresses: no port exhaustion */
    static unsigned k; struct sockaddr_in s = {.sin_family = AF_INET}; char ip[32];
    snprintf(ip, sizeof ip, "%s.%u", O.src, 2 + k++ % 200); inet_pton(AF_INET, ip, &s.sin_addr);
    if (bind(c->fd, (void *)&s, sizeof s)) {}
  }
  struct sockaddr_in d = {.sin_family = AF_INET, .sin_port = htons(O.port)};
  if (inet_pton(AF_INET, O.host, &d.sin_addr) != 1) die("host must be an IPv4 address");
  c->t0 = now_ns();
  if (connect(c->fd, (void *)&d, sizeof d) && errno != EINPROGRESS) { close(c->fd); c->fd = -1; c->st = ST_DEAD; n_fail++; return c; }
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(epA, EPOLL_CTL_ADD, c->fd, &e);
  if (!O.storm) { /* storm connections are freed as they end */
    if (NC == CCAP) C = realloc(C, (CCAP = CCAP ? CCAP * 2 : 1024) * sizeof *C);
    C[NC++] = c;
  }
  return c;
}
static void drop(conn *c, const char *why) {
  if (c->st == ST_DEAD) return;
  if (O.storm) storm_fail++;
  else if (!stopping) {
    static int shown;
    if (shown++ < 8) fprintf(stderr, "drop %s %d in state %d: %s\n", c->role ? "pub" : "play", c->idx, c->st, why);
    n_fail++;
    if (c->st == ST_RUN && c->role == ROLE_PLAY) n_up--;
  }
  close(c->fd); c->fd = -1; c->st = ST_DEAD;
}
static void go_bulk(conn *c) { /* stop parsing: count bytes only */
  epoll_ctl(epA, EPOLL_CTL_DEL, c->fd, NULL);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epB, EPOLL_CTL_ADD, c->fd, &e);
  c->bulk = 1; free(c->tab); c->tab = NULL;
}
static void storm_ok(conn *c, u64 t) {
  storm_done++; vpush(&V_storm, (t - c->t0) / 1000);
  close(c->fd); c->fd = -1; c->st = ST_DEAD;
}

/* ------------------------------------------------------------ media events */
static u64 hex16(const u8 *p) {
  u64 x = 0;
  for (int i = 0; i < 16; i++) x = x << 4 | (p[i] <= '9' ? p[i] - '0' : p[i] - 'a' + 10);
  return x;
}
static void on_media(conn *c, int type, u32 len, const u8 *h, u32 have, u64 t) {
  if (c->role != ROLE_PLAY || (type != 8 && type != 9)) return;
  if (c->st == ST_START || c->st == ST_HTTPHDR) { c->st = ST_RUN; n_up++; }
  if (O.storm) { if (c->st != ST_DEAD) storm_ok(c, t); return; }
  int frame = type == 9 && len > 5 && (h[0] & 15) == 7 && h[1] == 1;
  if (frame && !c->gotfirst) { c->gotfirst = 1; n_first++; vpush(&V_join, (t - c->t0) / 1000); }
  if (inwin && c->sampled) {
    c->msgs++; c->payload += len; sampled_msgs++; sampled_payload += len;
    if (frame) {
      if (have >= 44 && !memcmp(h + 12, UUID, 16)) {
        u64 x = hex16(h + 28), us = x & US_MASK; u32 seq = x >> US_BITS;
        if (t / 1000 >= us) vpush(&V_lat, t / 1000 - us);
        if (c->hasseq) lost_frames += (seq - c->lastseq - 1) & SEQ_MASK;
        c->lastseq = seq; c->hasseq = 1;
      }
      if (c->lastvid) vpush(&V_gap, (t - c->lastvid) / 1000);
    }
  }
  if (frame) c->lastvid = t;
}
static void on_msg(conn *c, cstream *s, u64 t) {
  u32 have = s->len < HEAD ? s->len : HEAD; u8 *h = s->head;
  switch (s->type) {
  case 1: if (have >= 4) c->inchunk = be32(h) & 0x7fffffff; break;
  case 4: if (have >= 6 && h[1] == 6 && !h[0]) { u8 r[6] = {0, 7, h[2], h[3], h[4], h[5]}; omsg(c, 2, 4, 0, 0, r, 6); oflush(c); } break;
  case 8: case 9: on_media(c, s->type, s->len, h, have, t); break;
  case 22: { /* aggregate: only the first piece is seen (frames lost are then not known) */
    aggregates++;
    if (have > 11) on_media(c, h[0], be24(h + 1), h + 11, have - 11, t);
    break;
  }
  case 17: if (have > 1) { memmove(h, h + 1, --have); } /* fall through: AMF3 command, skip the marker */
  case 20: {
    if (have < 12 || h[0] != 2) break;
    int l = h[1] << 8 | h[2]; if (l + 12 > (int)have) break;
    double tx; u64 x = 0; for (int i = 0; i < 8; i++) x = x << 8 | h[3 + l + 1 + i]; memcpy(&tx, &x, 8);
    if (l == 7 && !memcmp(h + 3, "_result", 7)) {
      if (tx == 1 && c->st == ST_CONNECT) send_create(c);
      else if (tx == 2 && c->st == ST_CREATE) {
        u8 *q = h + 3 + l + 9; /* null, number */
        if (*q == 5 && q[1] == 0) { double d; x = 0; for (int i = 0; i < 8; i++) x = x << 8 | q[2 + i]; memcpy(&d, &x, 8); c->streamid = (u32)d; }
        if (O.idle && c->role == ROLE_PLAY) { c->st = ST_IDLE; n_up++; n_first++; }
        else send_start(c);
      }
      oflush(c);
    } else if (l == 6 && !memcmp(h + 3, "_error", 6)) drop(c, "_error");
    else if (l == 8 && !memcmp(h + 3, "onStatus", 8)) {
      if (c->role == ROLE_PUB && c->st == ST_START && memmem(h, have, "NetStream.Publish.Start", 23)) { c->st = ST_RUN; pubs_up++; c->pub0 = t; }
      else if (c->role == ROLE_PLAY && c->st == ST_START && memmem(h, have, "NetStream.Play.Start", 20)) {
        c->st = ST_RUN; n_up++;
        if (O.storm == 1) storm_ok(c, t);
      } else if (memmem(h, have, "error", 5)) drop(c, "status error");
    }
  }
  }
}

/* --------------------------------------------------- RTMP chunk demultiplexer */
static void parse_rtmp(conn *c, u8 *b, size_t n, u64 t) {
  size_t p = 0;
  if (!c->tab) c->tab = calloc(NCS, sizeof(cstream));
  while (p < n && c->st != ST_DEAD) {
    if (c->left) { /* inside a chunk's payload */
      cstream *s = &c->tab[c->cs];
      u32 k = n - p < c->left ? n - p : c->left;
      if (s->got < HEAD) { u32 q = HEAD - s->got < k ? HEAD - s->got : k; memcpy(s->head + s->got, b + p, q); }
      s->got += k; c->left -= k; p += k;
      if (s->got == s->len) { s->got = 0; on_msg(c, s, t); if (!c->tab) return; }
      continue;
    }
    /* a header is at most 3+11+4 bytes; gather it across reads in part[] */
    u8 *h; size_t av; int frompart = 0;
    if (c->npart) {
      size_t k = sizeof c->part - c->npart < n - p ? sizeof c->part - c->npart : n - p; if (k > 18) k = 18;
      memcpy(c->part + c->npart, b + p, k); h = c->part; av = c->npart + k; frompart = 1;
    } else { h = b + p; av = n - p; }
    u32 fmt = h[0] >> 6, id = h[0] & 63, bl = id == 0 ? 2 : id == 1 ? 3 : 1, hl = fmt == 0 ? 11 : fmt == 1 ? 7 : fmt == 2 ? 3 : 0;
    size_t need = bl + hl;
    if (av >= bl && id < 2) id = id == 0 ? h[1] + 64 : h[1] + 256 * h[2] + 64;
    cstream *s = NULL; u32 ts = 0;
    if (av >= need) {
      s = &c->tab[id < NCS ? id : NCS - 1];
      if (fmt < 3) { ts = be24(h + bl); if (ts == 0xffffff) need += 4; }
      else if (s->ext) need += 4;
    }
    if (!s || av < need) { /* keep the remainder for the next read */
      size_t k = n - p; if (frompart) { c->npart = av; } else { memcpy(c->part, b + p, k); c->npart = k; }
      return;
    }
    if (fmt < 3) { s->ext = ts == 0xffffff; if (s->ext) ts = be32(h + need - 4); }
    if (fmt <= 1) { s->len = be24(h + bl + 3); s->type = h[bl + 6]; }
    if (fmt == 0) { s->ts = ts; s->delta = 0; s->sid = h[bl + 7]; }
    else if (s->got == 0) { if (fmt < 3) s->delta = ts; s->ts += s->delta; }
    c->cs = id < NCS ? (int)id : NCS - 1;
    p += frompart ? need - c->npart : need; c->npart = 0;
    u32 rem = s->len - s->got; c->left = rem < c->inchunk ? rem : c->inchunk;
    if (!s->len) on_msg(c, s, t);
  }
}

/* ----------------------------------------------------------- HTTP-FLV demuxer */
static void parse_flv(conn *c, u8 *b, size_t n, u64 t) {
  size_t p = 0;
  while (p < n) {
    if (c->flvskip) { u32 k = n - p < c->flvskip ? n - p : c->flvskip; c->flvskip -= k; p += k; continue; }
    if (c->flvleft) {
      u32 k = n - p < c->flvleft ? n - p : c->flvleft;
      if (c->flvgot < HEAD) { u32 q = HEAD - c->flvgot < k ? HEAD - c->flvgot : k; memcpy(c->fhead + c->flvgot, b + p, q); }
      c->flvgot += k; c->flvleft -= k; p += k;
      if (!c->flvleft) { c->flvskip = 4; on_media(c, c->flvtype, c->flvlen, c->fhead, c->flvlen < HEAD ? c->flvlen : HEAD, t); if (c->bulk) return; }
      continue;
    }
    int need = c->flvhdr ? 11 : 9;
    while (c->npart < need && p < n) c->part[c->npart++] = b[p++];
    if (c->npart < need) return;
    c->npart = 0;
    if (!c->flvhdr) { c->flvhdr = 1; c->flvskip = 4; continue; }
    c->flvtype = c->part[0] & 31; c->flvlen = c->flvleft = be24(c->part + 1); c->flvgot = 0;
    if (!c->flvleft) c->flvskip = 4;
  }
}
/* WebSocket frames of a server are not masked; data frames are FLV, one after the other */
static void ws_control(conn *c) {
  if (c->wsop == 8) { drop(c, "websocket closed by server"); return; }
  if (c->wsop != 9) return;
  u8 f[6 + sizeof c->wsctl] = {0x8a, 0x80 | c->nwsctl}; /* pong, masked with zero */
  memcpy(f + 6, c->wsctl, c->nwsctl); oput(c, f, 6 + c->nwsctl); oflush(c);
}
static void parse_ws(conn *c, u8 *b, size_t n, u64 t) {
  size_t p = 0;
  while (p < n && c->st != ST_DEAD) {
    if (!c->wsleft) { /* header: 2 bytes, and 0, 2 or 8 more for the length */
      c->wsh[c->nwsh++] = b[p++];
      if (c->nwsh < 2) continue;
      int l = c->wsh[1] & 127, need = l == 127 ? 10 : l == 126 ? 4 : 2;
      if (c->wsh[1] & 128) { drop(c, "masked frame from server"); return; }
      if (c->nwsh < need) continue;
      c->wsleft = l;
      if (l > 125) { c->wsleft = 0; for (int i = 2; i < need; i++) c->wsleft = c->wsleft << 8 | c->wsh[i]; }
      c->wsop = c->wsh[0] & 15; c->nwsh = 0; c->nwsctl = 0;
      if (c->wsop > 7 && l > 125) { drop(c, "websocket control frame too long"); return; }
      if (!c->wsleft && c->wsop > 7) ws_control(c);
      continue;
    }
    size_t k = n - p < c->wsleft ? n - p : c->wsleft;
    c->wsleft -= k;
    if (c->wsop > 7) {
      memcpy(c->wsctl + c->nwsctl, b + p, k); c->nwsctl += k;
      if (!c->wsleft) ws_control(c);
    } else parse_flv(c, b + p, k, t);
    p += k;
  }
}
static void parse_http(conn *c, u8 *b, size_t n, u64 t) {
  size_t p = 0;
  if (c->st == ST_HTTPHDR && c->nhs >= 0) { /* gather the header */
    while (p < n) {
      if (c->nhs >= SHS * 2) { drop(c, "http header too long"); return; }
      c->hs[c->nhs++] = b[p++];
      if (c->nhs >= 4 && !memcmp(c->hs + c->nhs - 4, "\r\n\r\n", 4)) {
        c->hs[c->nhs] = 0;
        if (c->nhs < 12 || memcmp(c->hs + 9, O.http == OVER_WS ? "101" : "200", 3)) { drop(c, O.http == OVER_WS ? "http status not 101" : "http status not 200"); return; }
        c->chunked = strcasestr((char *)c->hs, "transfer-encoding: chunked") != NULL;
        c->nhs = -1; free(c->hs); c->hs = NULL;
        break;
      }
    }
  }
  if (c->nhs >= 0) return;
  if (O.http == OVER_WS) { parse_ws(c, b + p, n - p, t); return; }
  if (!c->chunked) { parse_flv(c, b + p, n - p, t); return; }
  while (p < n && !c->bulk && c->st != ST_DEAD) {
    if (c->ckst == 0) { /* size line */
      u8 x = b[p++];
      if (x == '\n') { if (c->ck == 0) { drop(c, "http body end"); return; } c->ckst = 1; }
      else if (x != '\r') { int d = x <= '9' ? x - '0' : (x | 32) - 'a' + 10; if (d >= 0 && d < 16) c->ck = c->ck * 16 + d; }
    } else if (c->ckst == 1) {
      size_t k = n - p < (size_t)c->ck ? n - p : (size_t)c->ck;
      parse_flv(c, b + p, k, t); p += k; c->ck -= k; if (!c->ck) c->ckst = 2;
    } else { if (b[p++] == '\n') c->ckst = 0; }
  }
}

/* ---------------------------------------------------------------- socket in */
static void start_proto(conn *c) {
  if (O.http && c->role == ROLE_PLAY) {
    char nm[512], rq[1024]; stream_name(c, nm, sizeof nm);
    const char *up = O.http == OVER_WS ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cnRtcGxvYWQtMDAwMDAwMQ==\r\n" : "";
    int l = snprintf(rq, sizeof rq, "GET /%s/%s.flv HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: rtmpload\r\nAccept: */*\r\n%s\r\n", O.app, nm, O.host, O.port, up);
    c->hs = malloc(SHS * 2 + 8); c->nhs = 0; c->st = ST_HTTPHDR; oput(c, rq, l);
  } else {
    u8 h[1 + SHS] = {3}; for (int i = 9; i < 1 + SHS; i++) h[i] = rand();
    c->hs = malloc(1 + 2 * SHS); c->nhs = 0; c->st = ST_HANDSHAKE; oput(c, h, sizeof h);
  }
  want(c, 0); oflush(c);
}
static void on_read(conn *c) {
  if (c->bulk) {
    for (int i = 0; i < 8; i++) {
      ssize_t r = recv(c->fd, RB, sizeof RB, MSG_TRUNC | MSG_DONTWAIT); /* discarded in the kernel */
      if (r > 0) { c->raw += r; if (r < 65536) return; continue; }
      if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
      drop(c, r ? strerror(errno) : "closed by server"); return;
    }
    return;
  }
  ssize_t r = recv(c->fd, RB, sizeof RB, MSG_DONTWAIT);
  if (r <= 0) {
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    drop(c, r ? strerror(errno) : "closed by server"); return;
  }
  u64 t = now_ns(); u8 *b = RB; c->raw += r;
  if (c->st == ST_HANDSHAKE) {
    size_t k = 1 + 2 * SHS - c->nhs; if (k > (size_t)r) k = r;
    memcpy(c->hs + c->nhs, b, k); c->nhs += k; b += k; r -= k;
    if (c->nhs < 1 + 2 * SHS) return;
    oput(c, c->hs + 1, SHS); /* C2 = S1 */
    free(c->hs); c->hs = NULL;
    send_connect(c); oflush(c);
    if (!r || c->st == ST_DEAD) return;
  }
  if (O.http && c->role == ROLE_PLAY) parse_http(c, b, r, t); else parse_rtmp(c, b, r, t);
  if (c->st == ST_DEAD) return;
  if (c->role == ROLE_PLAY && c->gotfirst && !c->sampled && !c->bulk) go_bulk(c);
}

/* ---------------------------------------------------------------- publisher */
static u8 SB[1 << 22];
static void pub_one(conn *c, ftag *k, u32 ts) {
  u32 n = k->len; const u8 *p = k->data;
  if (k->type == 9 && n > 5 && (p[0] & 15) == 7 && p[1] == 1 && n + SEI_LEN < sizeof SB) {
    static const char hx[] = "0123456789abcdef";
    u64 us = (now_ns() / 1000 & US_MASK) | (u64)(c->frameno++ & SEQ_MASK) << US_BITS;
    memcpy(SB, p, 5);
    u8 *s = SB + 5; s[0] = s[1] = s[2] = 0; s[3] = SEI_LEN - 4; s[4] = 6; s[5] = 5; s[6] = 32;
    memcpy(s + 7, UUID, 16);
    for (int i = 0; i < 16; i++) s[23 + i] = hx[us >> (60 - 4 * i) & 15];
    s[39] = 0x80;
    memcpy(s + SEI_LEN, p + 5, n - 5); n += SEI_LEN; p = SB;
  } else if (k->type == 18) {
    static const u8 sdf[16] = {2, 0, 13, '@', 's', 'e', 't', 'D', 'a', 't', 'a', 'F', 'r', 'a', 'm', 'e'};
    memcpy(SB, sdf, 16); memcpy(SB + 16, p, n); n += 16; p = SB;
  }
  omsg(c, k->type == 9 ? 6 : 4, k->type, ts, c->streamid, p, n);
  c->sent_msgs++; c->sent_bytes += n;
  if (inwin && k->type != 18) { pubw_msgs++; pubw_bytes += n; }
}
static u64 pub_run(conn *c, u64 t) { /* send what is due; return the time of the next frame */
  if (!c->seq) { for (size_t i = 0; i < tag_seq_end; i++) pub_one(c, &T[i], 0); c->seq = 1; c->tag = tag_seq_end; }
  for (int g = 0; g < 4096; g++) {
    if (c->tag >= NT) { c->tag = tag_seq_end; c->loopbase += flv_dur; }
    ftag *k = &T[c->tag];
    if (k->type == 18 || is_seqhdr(k) || k->len < 6) { c->tag++; continue; }
    u32 ts = c->loopbase + k->ts; u64 due = c->pub0 + (u64)(ts * 1e6 / O.speed);
    if (due > t || c->on > (1 << 22)) { oflush(c); return due > t ? due : t + 1000000; }
    pub_one(c, k, ts); c->tag++;
  }
  oflush(c); return t;
}

/* -------------------------------------------------------- server's own cost */
typedef struct { u64 exec, ut, st; long rss; int thr; } pcost;
static void add_family(void) { /* children that the processes have started meanwhile, and theirs */
  for (int i = 0; i < O.npid; i++) {
    char fn[64]; int kid; snprintf(fn, sizeof fn, "/proc/%d/task", O.pids[i]);
    DIR *d = opendir(fn); struct dirent *e;
    while (d && (e = readdir(d))) { /* any thread may have started one */
      if (e->d_name[0] == '.') continue;
      char g[400]; snprintf(g, sizeof g, "/proc/%d/task/%s/children", O.pids[i], e->d_name);
      FILE *f = fopen(g, "r"); if (!f) continue;
      while (fscanf(f, "%d", &kid) == 1) {
        int known = 0; for (int k = 0; k < O.npid; k++) known |= O.pids[k] == kid;
        if (!known && O.npid < MAXPID) O.pids[O.npid++] = kid;
      }
      fclose(f);
    }
    if (d) closedir(d);
  }
}
static pcost sample_pids(void) {
  pcost r = {0}; char fn[128], bf[1024];
  if (O.family) add_family();
  for (int i = 0; i < O.npid; i++) {
    snprintf(fn, sizeof fn, "/proc/%d/stat", O.pids[i]);
    FILE *f = fopen(fn, "r"); if (!f) continue;
    if (fgets(bf, sizeof bf, f)) { char *q = strrchr(bf, ')'); u64 u, s; int th;
      if (q && sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %d", &u, &s, &th) == 3) { r.ut += u; r.st += s; r.thr += th; } }
    fclose(f);
    snprintf(fn, sizeof fn, "/proc/%d/statm", O.pids[i]);
    if ((f = fopen(fn, "r"))) { long a, b; if (fscanf(f, "%ld %ld", &a, &b) == 2) r.rss += b * (sysconf(_SC_PAGESIZE) / 1024); fclose(f); }
    snprintf(fn, sizeof fn, "/proc/%d/task", O.pids[i]);
    DIR *d = opendir(fn); struct dirent *e;
    while (d && (e = readdir(d))) {
      if (e->d_name[0] == '.') continue;
      char g[400]; snprintf(g, sizeof g, "/proc/%d/task/%s/schedstat", O.pids[i], e->d_name);
      if ((f = fopen(g, "r"))) { u64 x; if (fscanf(f, "%lu", &x) == 1) r.exec += x; fclose(f); }
    }
    if (d) closedir(d);
  }
  return r;
}
static void cpu_all(u64 *busy, u64 *si) { /* whole machine, clock ticks */
  FILE *f = fopen("/proc/stat", "r"); u64 v[8] = {0};
  if (f) { if (fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) != 8) {} fclose(f); }
  *busy = v[0] + v[1] + v[2] + v[5] + v[6] + v[7]; *si = v[6];
}
static double own_cpu(void) {
  struct rusage u; getrusage(RUSAGE_SELF, &u);
  u64 helper = 0;
  if (O.helper) {
    char fn[64]; snprintf(fn, sizeof fn, "/proc/%d/schedstat", O.helper);
    FILE *f = fopen(fn, "r"); if (f) { if (fscanf(f, "%lu", &helper) != 1) helper = 0; fclose(f); }
  }
  return helper / 1e9 + u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6 + u.ru_stime.tv_sec + u.ru_stime.tv_usec / 1e6;
}

/* -------------------------------------------------------------------- loop */
static u64 nextbulk;
static void loop_once(u64 until) {
  static struct epoll_event ev[512];
  u64 t = now_ns(), next = until;
  for (int i = 0; i < O.m; i++) { /* publishers are C[0..m-1] */
    conn *c = C[i]; if (c->st != ST_RUN) continue;
    u64 d = pub_run(c, t); if (d < next) next = d;
  }
  if (nextbulk < next) next = nextbulk;
  t = now_ns();
  long wait = next > t ? (long)(next - t) : 0;
  struct timespec ts = {wait / 1000000000, wait % 1000000000};
  int n = epoll_pwait2(epA, ev, 512, &ts, NULL);
  for (int i = 0; i < n; i++) {
    conn *c = ev[i].data.ptr; if (c->st == ST_DEAD) continue;
    if (c->st == ST_CONNECTING) {
      int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
      if (e) { drop(c, strerror(e)); continue; }
      if (ev[i].events & EPOLLOUT) start_proto(c);
      continue;
    }
    if (ev[i].events & EPOLLOUT) oflush(c);
    if (c->st != ST_DEAD && ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_read(c);
  }
  if (O.storm) for (int i = 0; i < n; i++) { /* free ended storm connections after the batch */
    conn *c = ev[i].data.ptr;
    if (c->st == ST_DEAD && c->role == ROLE_PLAY) { free(c->tab); free(c->hs); free(c->ob); free(c); }
  }
  t = now_ns();
  if (t >= nextbulk) {
    for (int k = 0; k < 64; k++) {
      n = epoll_wait(epB, ev, 512, 0);
      for (int i = 0; i < n; i++) { conn *c = ev[i].data.ptr; if (c->st != ST_DEAD) on_read(c); }
      if (n < 512) break;
    }
    nextbulk = now_ns() + (u64)O.quantum * 1000000;
  }
}

static void parse_url(const char *u) {
  char app[512]; const char *p = strstr(u, "://"); p = p ? p + 3 : u;
  O.http = !strncmp(u, "http", 4) ? OVER_HTTP : !strncmp(u, "ws", 2) ? OVER_WS : OVER_RTMP;
  if (sscanf(p, "%63[^:/]:%d/%511s", O.host, &O.port, app) != 3) die("url: rtmp://IP:PORT/app/stream");
  char *s = strrchr(app, '/'); if (!s) die("url needs app/stream");
  *s++ = 0; snprintf(O.app, sizeof O.app, "%.127s", app); snprintf(O.name, sizeof O.name, "%.255s", s);
}
static int storm_live; /* kept by difference below */

int main(int argc, char **argv) {
  int o; char *q; const char *puburl = NULL;
  while ((o = getopt(argc, argv, "u:n:m:f:x:s:r:d:w:g:q:SMIk:B:C:P:Tl:W:p:R:O:A:h")) != -1) switch (o) {
    case 'u': parse_url(optarg); break;
    case 'p': puburl = optarg; break;
    case 'n': O.n = atoi(optarg); break;
    case 'm': O.m = atoi(optarg); break;
    case 'f': O.file = optarg; break;
    case 'x': O.speed = atof(optarg); break;
    case 's': O.sample = atoi(optarg); break;
    case 'r': O.rate = atoi(optarg); break;
    case 'd': O.dur = atof(optarg); break;
    case 'w': O.warm = atof(optarg); break;
    case 'g': O.settle = atof(optarg); break;
    case 'T': O.family = 1; break;
    case 'q': O.quantum = atoi(optarg); break;
    case 'S': O.storm = 1; break;
    case 'M': O.storm = 2; break;
    case 'I': O.idle = 1; break;
    case 'k': O.conc = atoi(optarg); break;
    case 'O': O.spread = atof(optarg); break;
    case 'B': O.bufms = atoi(optarg); break;
    case 'C': O.chunk = atoi(optarg); break;
    case 'W': O.wait = atoi(optarg); break;
    case 'R': O.rcvbuf = atoi(optarg); break;
    case 'l': O.label = optarg; break;
    case 'A': O.helper = atoi(optarg); break;
    case 'P': for (q = strtok(optarg, ","); q && O.npid < MAXPID; q = strtok(NULL, ",")) O.pids[O.npid++] = atoi(q); break;
    default: die("usage: rtmpload -u rtmp://IP:PORT/app/name [-m pubs -f FLV] [-n players] ... see README.md");
  }
  if (!O.port) die("-u is needed");
  if (O.m && !O.file) die("-m needs -f FLV");
  if (O.file) load_flv(O.file);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit fl; /* one descriptor a player: take what the hard limit allows */
  if (!getrlimit(RLIMIT_NOFILE, &fl) && fl.rlim_cur < fl.rlim_max) { fl.rlim_cur = fl.rlim_max; setrlimit(RLIMIT_NOFILE, &fl); }
  epA = epoll_create1(0); epB = epoll_create1(0);
  u64 t = now_ns(), deadline;
  /* 1. publishers up.  With -p the publishers use another URL (HTTP-FLV players, RTMP publishers). */
  if (O.m) {
    int sport = O.port; char sapp[128], sname[256]; strcpy(sapp, O.app); strcpy(sname, O.name);
    int shttp = O.http;
    if (puburl) parse_url(puburl);
    if (O.http) die("publishers speak RTMP: give -p rtmp://...");
    int storm = O.storm; O.storm = 0; /* publishers are ordinary */
    for (int i = 0; i < O.m; i++) { mk(ROLE_PUB, i, i); if (i % 20 == 19) { for (int k = 0; k < 5; k++) { int mm = O.m; O.m = 0; loop_once(now_ns() + 2000000); O.m = mm; } } }
    deadline = now_ns() + 15000000000ull;
    int mm = O.m; O.m = 0;
    while (pubs_up < mm && now_ns() < deadline) loop_once(now_ns() + 5000000);
    O.m = mm;
    if (pubs_up < O.m) fprintf(stderr, "only %d of %d publishers up\n", pubs_up, O.m);
    for (int i = 0; i < O.m; i++) C[i]->pub0 = now_ns() + (u64)(rand() % 1000) * 1000000ull * (O.m > 1);
    if (puburl) { O.port = sport; strcpy(O.app, sapp); strcpy(O.name, sname); O.http = shttp; }
    O.storm = storm;
    deadline = now_ns() + (u64)(O.settle * 1e9); while (now_ns() < deadline) loop_once(now_ns() + 5000000);
  }
  pcost p0 = sample_pids();
  u64 b0, s0; cpu_all(&b0, &s0); double own0 = own_cpu();
  if (O.storm) { /* ---- connect storm: keep -k connections in flight */
    t = now_ns(); u64 end = t + (u64)(O.dur * 1e9), done; int idx = 0;
    while ((t = now_ns()) < end) {
      storm_live = storm_started - storm_done - storm_fail;
      while (storm_live < O.conc) { mk(ROLE_PLAY, idx, O.m ? idx % O.m : 0); idx++; storm_started++; storm_live++; }
      loop_once(t + 5000000);
    }
    done = storm_done; pcost p1 = sample_pids(); u64 b1, s1; cpu_all(&b1, &s1); vsort(&V_storm);
    double cpu = (p1.exec - p0.exec) / 1e9;
    printf("{\"label\":\"%s\",\"mode\":\"storm%d\",\"conc\":%d,\"secs\":%.1f,\"done\":%lu,\"failed\":%lu,\"per_s\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"srv_cpu\":%.3f,\"srv_us_per_conn\":%.1f,\"conn_per_cpu_s\":%.0f,\"rss_kb\":%ld,\"own_cpu\":%.3f,\"machine_busy\":%.3f}\n",
           O.label, O.storm, O.conc, O.dur, done, storm_fail, (double)done / O.dur, vpct(&V_storm, .5) / 1e3, vpct(&V_storm, .99) / 1e3,
           cpu / O.dur, done ? cpu * 1e6 / done : 0, cpu > 0 ? done / cpu : 0, p1.rss, (own_cpu() - own0) / O.dur, (b1 - b0) / (double)sysconf(_SC_CLK_TCK) / O.dur);
    return 0;
  }
  /* 2. players up, at -r per second */
  u64 start = now_ns(); int made = 0;
  deadline = start + (u64)(O.wait + O.n / (O.rate ? O.rate : 1)) * 1000000000ull;
  while ((n_first + n_fail < O.n || made < O.n) && now_ns() < deadline) {
    t = now_ns(); int due = (int)((t - start) / 1e9 * O.rate) + 1;
    while (made < O.n && made < due) { mk(ROLE_PLAY, made, O.m ? made % O.m : made); made++; }
    loop_once(t + 3000000);
  }
  double upms = (now_ns() - start) / 1e6;
  pcost pu = sample_pids();
  /* 3. warm-up, then the measured window */
  deadline = now_ns() + (u64)(O.warm * 1e9);
  while (now_ns() < deadline) loop_once(deadline);
  for (int i = 0; i < NC; i++) { C[i]->raw0 = C[i]->raw; C[i]->lastvid = 0; C[i]->hasseq = 0; }
  inwin = 1; pcost w0 = sample_pids(); cpu_all(&b0, &s0); own0 = own_cpu(); u64 w0t = now_ns();
  deadline = w0t + (u64)(O.dur * 1e9);
  while (now_ns() < deadline) loop_once(deadline);
  inwin = 0; pcost w1 = sample_pids(); u64 b1, s1; cpu_all(&b1, &s1); double own1 = own_cpu();
  double secs = (now_ns() - w0t) / 1e9; stopping = 1;
  /* 4. report */
  u64 tot = 0, pre = 0; vec pb = {0}; int nsamp = 0;
  for (int i = 0; i < NC; i++) {
    conn *c = C[i]; if (c->role != ROLE_PLAY) continue;
    u64 d = c->raw - c->raw0; tot += d; pre += c->raw0; vpush(&pb, d / 16); if (c->sampled && c->st != ST_DEAD) nsamp++;
  }
  vsort(&pb); vsort(&V_lat); vsort(&V_join); vsort(&V_gap);
  double cpu = (w1.exec - w0.exec) / 1e9, tick = sysconf(_SC_CLK_TCK);
  double mpp = nsamp ? (double)sampled_msgs / nsamp : 0, ppp = nsamp ? (double)sampled_payload / nsamp : 0;
  double expm = O.m ? (double)pubw_msgs / O.m : 0, expb = O.m ? (double)pubw_bytes / O.m : 0, med = vpct(&pb, .5);
  printf("{\"label\":\"%s\",\"mode\":\"%s\",\"players\":%d,\"pubs\":%d,\"pubs_up\":%d,\"up\":%d,\"first\":%d,\"fail\":%d,\"up_ms\":%.0f,\"win_s\":%.2f,\"bytes\":%lu,\"mbps_out\":%.1f,"
         "\"lost_frames\":%ld,\"frac_msgs\":%.4f,\"frac_bytes\":%.4f,\"min_over_med\":%.3f,\"max_over_med\":%.3f,"
         "\"srv_cpu\":%.4f,\"srv_user\":%.3f,\"srv_sys\":%.3f,\"ns_per_byte\":%.3f,\"us_per_msg\":%.3f,\"rss_kb\":%ld,\"rss0_kb\":%ld,\"threads\":%d,"
         "\"lat_p50_ms\":%.2f,\"lat_p99_ms\":%.2f,\"lat_max_ms\":%.2f,\"join_p50_ms\":%.1f,\"join_p99_ms\":%.1f,\"gap_p50_ms\":%.1f,\"gap_p99_ms\":%.1f,\"gap_max_ms\":%.1f,"
         "\"own_cpu\":%.3f,\"machine_busy\":%.3f,\"machine_si\":%.3f,\"up_cpu_s\":%.3f,\"pre_bytes\":%lu}\n",
         O.label, O.idle ? "idle" : "play", O.n, O.m, pubs_up, n_up, n_first, n_fail, upms, secs, tot, tot * 8 / secs / 1e6,
         aggregates ? -1l : (long)lost_frames, expm ? mpp / expm : 0, expb ? ppp / expb : 0, med > 0 ? vpct(&pb, 0) / med : 0, med > 0 ? vpct(&pb, 1) / med : 0,
         cpu / secs, (w1.ut - w0.ut) / tick / secs, (w1.st - w0.st) / tick / secs, tot ? cpu * 1e9 / tot : 0,
         mpp ? cpu * 1e6 / (mpp * O.n) : 0, w1.rss, p0.rss, w1.thr,
         vpct(&V_lat, .5) / 1e3, vpct(&V_lat, .99) / 1e3, vpct(&V_lat, 1) / 1e3, vpct(&V_join, .5) / 1e3, vpct(&V_join, .99) / 1e3,
         vpct(&V_gap, .5) / 1e3, vpct(&V_gap, .99) / 1e3, vpct(&V_gap, 1) / 1e3,
         (own1 - own0) / secs, (b1 - b0) / tick / secs, (s1 - s0) / tick / secs, (pu.exec - p0.exec) / 1e9, pre);
  return 0;
}
