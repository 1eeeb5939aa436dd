/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A search on several cores.
 *
 * Every worker is a process that walks the top of the search, where there are few ways, by
 * itself.  Each way that has become one of many is a part; the parts have the same numbers for
 * all.  The first worker that comes to a part takes it, the others pass by.  At the end the
 * results of all parts are put together in the order of their numbers, so they do not depend on
 * how many workers there were.  After a finding nobody begins a part behind it, but all before it
 * are finished, so the first finding is the first.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/explore/internal.h"

#define PARTS_MAX 65536u

/* In memory that all workers see. */
struct sim_shared {
  uint64_t complete; /* executions */
  uint32_t found;    /* the first part with a finding; UINT32_MAX: none */
  uint8_t taken[PARTS_MAX];
};

/* ---- Within a worker ---- */

/* The orders are relaxed: needs no partner; each value stands for itself, and what a worker
 * found goes through its pipe. */

bool sim_workers_claim(sim_explore *explore, uint32_t part)
{
  struct sim_shared *shared = explore->shared;
  if (shared == NULL)
    return true;
  if (!explore->options.all && part > __atomic_load_n(&shared->found, __ATOMIC_RELAXED))
    return false;
  if (part >= PARTS_MAX)
    return explore->worker == 0;
  return __atomic_exchange_n(&shared->taken[part], 1, __ATOMIC_RELAXED) == 0;
}

void sim_workers_found(sim_explore *explore, uint32_t part)
{
  struct sim_shared *shared = explore->shared;
  if (shared == NULL)
    return;
  uint32_t first = __atomic_load_n(&shared->found, __ATOMIC_RELAXED);
  while (part < first && !__atomic_compare_exchange_n(&shared->found, &first, part, true,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

bool sim_workers_is_over(sim_explore *explore)
{
  const struct sim_shared *shared = explore->shared;
  return shared != NULL && !explore->options.all && explore->part != UINT32_MAX &&
         explore->part > __atomic_load_n(&shared->found, __ATOMIC_RELAXED);
}

uint64_t sim_workers_count(sim_explore *explore, uint64_t more)
{
  explore->complete += more;
  if (explore->shared == NULL)
    return explore->complete;
  return __atomic_add_fetch(&explore->shared->complete, more, __ATOMIC_RELAXED);
}

uint64_t sim_workers_blocked(sim_explore *explore, uint32_t last)
{
  uint64_t count = 0;
  for (guint i = 0; i < explore->blocked_list->len; i++)
    count += g_array_index(explore->blocked_list, struct sim_blocked, i).part <= last;
  return count;
}

/* ---- From a worker to the one who collects ---- */

static void put(GByteArray *bytes, const void *from, size_t size)
{
  g_byte_array_append(bytes, from, (guint)size);
}

static void put_text(GByteArray *bytes, const char *text)
{
  uint32_t size = text == NULL ? 0 : (uint32_t)strlen(text) + 1;
  put(bytes, &size, sizeof(size));
  put(bytes, text, size);
}

static void put_array(GByteArray *bytes, const GArray *array, size_t size)
{
  uint32_t count = array->len;
  put(bytes, &count, sizeof(count));
  put(bytes, array->data, count * size);
}

static void put_best(GByteArray *bytes, const struct sim_best *best)
{
  put(bytes, best, sizeof(*best));
  put(bytes, best->tokens, best->nr_tokens * sizeof(*best->tokens));
  put_text(bytes, best->text);
}

static void send_all(int fd, const GByteArray *bytes)
{
  for (guint at = 0; at < bytes->len;) {
    ssize_t sent = write(fd, bytes->data + at, bytes->len - at);
    if (sent < 0 && errno != EINTR)
      return; /* the collector misses the end, and says so */
    at += sent > 0 ? (guint)sent : 0;
  }
}

FM_NORETURN static void work(sim_explore *explore, uint32_t worker, int fd)
{
  GError *error = NULL;
  GByteArray *bytes = g_byte_array_new();
  explore->worker = worker;
  if (explore->program->machine == NULL || sim_explore_detach(explore->program->machine, &error))
    sim_search_run(explore);
  put_text(bytes, error != NULL ? error->message : NULL);
  put_text(bytes, explore->broken);
  put_text(bytes, explore->limit);
  put_array(bytes, explore->parts, sizeof(struct sim_part));
  put_array(bytes, explore->blocked_list, sizeof(struct sim_blocked));
  put_best(bytes, &explore->first);
  put_best(bytes, &explore->shortest);
  send_all(fd, bytes);
  _exit(0);
}

/* ---- Collecting ---- */

struct inbox {
  GByteArray *bytes;
  guint at;
  bool whole; /* nothing was missing so far */
};

static const void *take(struct inbox *inbox, size_t size)
{
  if (!inbox->whole || size > inbox->bytes->len - inbox->at) {
    inbox->whole = false;
    return NULL;
  }
  const void *from = inbox->bytes->data + inbox->at;
  inbox->at += (guint)size;
  return from;
}

static uint32_t take_size(struct inbox *inbox)
{
  uint32_t size = 0;
  const void *from = take(inbox, sizeof(size));
  if (from != NULL)
    memcpy(&size, from, sizeof(size));
  return size;
}

static const char *take_text(struct inbox *inbox)
{
  uint32_t size = take_size(inbox);
  return size == 0 ? NULL : take(inbox, size);
}

static void take_parts(struct inbox *inbox, GArray *parts)
{
  uint32_t count = take_size(inbox);
  const void *from = take(inbox, count * sizeof(struct sim_part));
  if (from != NULL)
    g_array_append_vals(parts, from, count);
}

/* What two workers have met counts once, for the first part in which it was. */
static void take_blocked(struct inbox *inbox, sim_explore *explore)
{
  uint32_t count = take_size(inbox);
  const uint8_t *from = take(inbox, count * sizeof(struct sim_blocked));
  for (uint32_t i = 0; from != NULL && i < count; i++) {
    struct sim_blocked blocked;
    memcpy(&blocked, from + i * sizeof(blocked), sizeof(blocked));
    gint64 key = (gint64)blocked.hash;
    struct sim_blocked *known = g_hash_table_lookup(explore->blocked, &key);
    if (known != NULL)
      known->part = MIN(known->part, blocked.part);
    else
      g_hash_table_insert(explore->blocked, g_memdup2(&key, sizeof(key)),
                          g_memdup2(&blocked, sizeof(blocked)));
  }
}

static bool is_shorter(const struct sim_best *one, const struct sim_best *other)
{
  if (one->nr_tokens != other->nr_tokens)
    return one->nr_tokens < other->nr_tokens;
  if (one->nodes != other->nodes)
    return one->nodes < other->nodes;
  return one->part < other->part;
}

static void take_best(struct inbox *inbox, struct sim_best *best, bool shortest)
{
  struct sim_best other;
  const void *from = take(inbox, sizeof(other));
  if (from == NULL)
    return;
  memcpy(&other, from, sizeof(other));
  const void *tokens = take(inbox, other.nr_tokens * sizeof(*other.tokens));
  const char *text = take_text(inbox);
  if (!inbox->whole || !other.found)
    return;
  if (best->found && !(shortest ? is_shorter(&other, best) : other.part < best->part))
    return;
  g_free(best->tokens);
  g_free(best->text);
  *best = other;
  best->tokens = g_memdup2(tokens, other.nr_tokens * sizeof(*other.tokens));
  best->text = g_strdup(text);
}

static const char *limit_of(const char *text)
{
  static const char *const limits[] = {"executions", "seconds", "steps", "interrupt"};
  for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
    if (text != NULL && strcmp(text, limits[i]) == 0)
      return limits[i];
  return NULL;
}

static bool collect(sim_explore *explore, int fd, GError **error)
{
  uint8_t buffer[4096];
  ssize_t got;
  struct inbox inbox = {g_byte_array_new(), 0, true};
  while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR))
    if (got > 0)
      g_byte_array_append(inbox.bytes, buffer, (guint)got);
  const char *failure = take_text(&inbox);
  if (take_text(&inbox) != NULL)
    explore->broken = "it does not do the same when it is run again";
  const char *limit = limit_of(take_text(&inbox));
  explore->limit = limit != NULL ? limit : explore->limit;
  take_parts(&inbox, explore->parts);
  take_blocked(&inbox, explore);
  take_best(&inbox, &explore->first, false);
  take_best(&inbox, &explore->shortest, true);
  if (failure != NULL || !inbox.whole)
    g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "explore: a worker has failed: %s",
                failure != NULL && inbox.whole ? failure : "it has ended too early");
  g_byte_array_unref(inbox.bytes);
  return failure == NULL && inbox.whole;
}

static void list_blocked(sim_explore *explore)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, explore->blocked);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    g_array_append_vals(explore->blocked_list, value, 1);
}

/* Starts one; *ret_fd: where its results come from. */
static pid_t start_worker(sim_explore *explore, uint32_t worker, int *ret_fd)
{
  int ends[2];
  if (pipe(ends) != 0)
    return -1;
  pid_t pid = fork();
  if (pid == 0) {
    (void)close(ends[0]);
    work(explore, worker, ends[1]);
  }
  (void)close(ends[1]);
  *ret_fd = ends[0];
  if (pid < 0)
    (void)close(ends[0]);
  return pid;
}

static bool run_workers(sim_explore *explore, uint32_t workers, GError **error)
{
  pid_t *pids = g_new0(pid_t, workers);
  int *fds = g_new0(int, workers);
  uint32_t started = 0;
  bool good = true;
  while (started < workers && (pids[started] = start_worker(explore, started, &fds[started])) > 0)
    started++;
  if (started == 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "explore: no worker can be started: %s",
                g_strerror(errno));
    good = false;
  }
  for (uint32_t i = 0; i < started; i++) {
    good = collect(explore, fds[i], good ? error : NULL) && good;
    (void)close(fds[i]);
    while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
      ;
  }
  g_free(pids);
  g_free(fds);
  return good;
}

bool sim_workers_run(sim_explore *explore, uint32_t workers, GError **error)
{
  explore->shared = mmap(NULL, sizeof(struct sim_shared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (explore->shared == MAP_FAILED) {
    explore->shared = NULL;
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "explore: no memory for the workers: %s",
                g_strerror(errno));
    return false;
  }
  explore->shared->found = UINT32_MAX;
  bool good = run_workers(explore, workers, error);
  (void)munmap(explore->shared, sizeof(struct sim_shared));
  explore->shared = NULL;
  list_blocked(explore);
  return good;
}
