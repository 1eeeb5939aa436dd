/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/emulator/emulator.h"

#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/emulator/gdb.h"

#define CR0_PG_WP_ET_PE   UINT64_C(0x80010011)
#define CR4_PAE           UINT64_C(0x20)
#define EFER_NXE_LMA_LME  UINT64_C(0xd00)
#define MESSAGES_MAX      4096
#define STUB_DESCRIPTION  "qXfer:features:read:target.xml:0,ffb"
#define STUB_PHYSICAL     "Qqemu.PhyMemMode:1"
#define STOPPED_BY_STEP   "T05"
#define TRANSLATED_PREFIX "gpa: "
#define NOT_TRANSLATED    "Unmapped\n"

static pid_t process; /* 0: none */
static int messages = -1;
static struct gdb stub = {.fd = -1};

const char *emulator_missing(void)
{
  g_autofree char *path = g_find_program_in_path(EMULATOR);
  return path != NULL ? NULL : EMULATOR " is not installed: Debian has it in qemu-system-x86";
}

int emulator_process(void)
{
  return process;
}

/* ---- Orphans ---- */

static pid_t adopter;

static void await_orphans(void)
{
  while (getpid() == adopter && (waitpid(-1, NULL, 0) > 0 || errno == EINTR))
    continue;
}

void emulator_adopt(void)
{
  adopter = getpid();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || atexit(await_orphans) != 0)
    g_error("cannot wait for orphans: %s", g_strerror(errno));
}

/* ---- Failures ---- */

/* Fails the test, with what the emulator printed. */
static void expect(bool good, const char *doing, const GError *error)
{
  char text[MESSAGES_MAX] = "";
  if (good)
    return;
  ssize_t size = messages >= 0 ? pread(messages, text, sizeof(text) - 1, 0) : 0;
  text[size > 0 ? size : 0] = '\0';
  ck_abort_msg("emulator: %s: %s; it printed: %s", doing,
               error != NULL ? error->message : g_strerror(errno), text);
}

/* ---- The process ---- */

/* In the child.  It goes when we go, however that happens. */
G_NORETURN static void become_emulator(char *const *arguments, pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
      dup2(messages, STDOUT_FILENO) >= 0 && dup2(messages, STDERR_FILENO) >= 0)
    (void)execvp(arguments[0], arguments);
  static const char text[] = "cannot be run";
  (void)!write(messages, text, sizeof(text) - 1);
  _exit(127);
}

/* -S: the processor waits for the debugger, for ever. */
static char **arguments_of(const char *ram_file, uint64_t size, int connection)
{
  static const char *const always[] = {
      EMULATOR,   "-nodefaults", "-no-user-config",
      "-display", "none",        "-S",
      "-accel",   "tcg",         "-cpu",
      "max",      "-M",          "pc,memory-backend=ram",
      "-gdb",     "chardev:gdb",
  };
  GPtrArray *arguments = g_ptr_array_new();
  for (guint i = 0; i < G_N_ELEMENTS(always); i++)
    g_ptr_array_add(arguments, g_strdup(always[i]));
  g_ptr_array_add(arguments, g_strdup("-m"));
  g_ptr_array_add(arguments, g_strdup_printf("%" PRIu64 "B", size));
  g_ptr_array_add(arguments, g_strdup("-object"));
  g_ptr_array_add(arguments, g_strdup_printf("memory-backend-file,id=ram,share=off,size=%" PRIu64
                                             ",mem-path=%s",
                                             size, ram_file));
  g_ptr_array_add(arguments, g_strdup("-chardev"));
  g_ptr_array_add(arguments, g_strdup_printf("socket,id=gdb,fd=%d", connection));
  g_ptr_array_add(arguments, NULL);
  return (char **)g_ptr_array_free(arguments, FALSE);
}

void emulator_start(const char *ram_file, uint64_t size)
{
  int ends[2];
  g_autoptr(GError) error = NULL;
  ck_assert_int_eq(process, 0);
  ck_assert_uint_le(size, EMULATOR_RAM_MAX);
  messages = memfd_create("emulator-messages", MFD_CLOEXEC);
  expect(messages >= 0, "a file for its messages", NULL);
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "a connection", NULL);
  g_auto(GStrv) arguments = arguments_of(ram_file, size, ends[1]);
  pid_t parent = getpid();
  process = fork();
  if (process == 0) {
    (void)close(ends[0]);
    become_emulator(arguments, parent);
  }
  (void)close(ends[1]);
  gdb_init(&stub, ends[0]);
  expect(process > 0, "a process", NULL);
  /* The stub knows control registers only after this question. */
  g_autofree char *description = gdb_ask(&stub, STUB_DESCRIPTION, NULL, &error);
  expect(description != NULL, "the first question", error);
  expect(gdb_do(&stub, STUB_PHYSICAL, NULL, &error), STUB_PHYSICAL, error);
}

void emulator_stop(void)
{
  if (process > 0) {
    (void)kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
      continue;
  }
  process = 0;
  gdb_deinit(&stub);
  if (messages >= 0)
    (void)close(messages);
  messages = -1;
}

/* ---- Its memory management unit ---- */

uint64_t emulator_get(enum emulator_register number)
{
  uint64_t value = 0;
  g_autoptr(GError) error = NULL;
  expect(gdb_read_register(&stub, (unsigned)number, &value, &error), "reading a register", error);
  return value;
}

void emulator_set(enum emulator_register number, uint64_t value)
{
  g_autoptr(GError) error = NULL;
  expect(gdb_write_register(&stub, (unsigned)number, value, &error), "writing a register", error);
}

void emulator_use(uint64_t root)
{
  emulator_set(EMULATOR_EFER, EFER_NXE_LMA_LME);
  emulator_set(EMULATOR_CR3, root);
  emulator_set(EMULATOR_CR4, CR4_PAE);
  emulator_set(EMULATOR_CR0, CR0_PG_WP_ET_PE);
  ck_assert_uint_eq(emulator_get(EMULATOR_CR3), root);
}

char *emulator_monitor(const char *command)
{
  g_autoptr(GError) error = NULL;
  char *output = gdb_monitor(&stub, command, &error);
  expect(output != NULL, command, error);
  return output;
}

bool emulator_translate(uint64_t va, uint64_t *ret)
{
  g_autofree char *command = g_strdup_printf("gva2gpa 0x%" PRIx64, va);
  g_autofree char *answer = emulator_monitor(command);
  char *end = NULL;
  if (strcmp(answer, NOT_TRANSLATED) == 0)
    return false;
  if (!g_str_has_prefix(answer, TRANSLATED_PREFIX))
    ck_abort_msg("emulator: '%s' prints '%s'", command, answer);
  *ret = g_ascii_strtoull(answer + strlen(TRANSLATED_PREFIX), &end, 0);
  if (strcmp(end, "\n") != 0)
    ck_abort_msg("emulator: '%s' prints '%s'", command, answer);
  return true;
}

/* ---- Its memory and its processor ---- */

void emulator_read(uint64_t paddr, void *ret, unsigned size)
{
  g_autoptr(GError) error = NULL;
  expect(gdb_read_memory(&stub, paddr, ret, size, &error), "reading memory", error);
}

void emulator_write(uint64_t paddr, const void *bytes, unsigned size)
{
  g_autoptr(GError) error = NULL;
  expect(gdb_write_memory(&stub, paddr, bytes, size, &error), "writing memory", error);
}

void emulator_poke(uint64_t paddr, uint64_t value)
{
  uint64_t bytes = GUINT64_TO_LE(value);
  emulator_write(paddr, &bytes, sizeof(bytes));
}

void emulator_step(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = gdb_ask(&stub, "s", NULL, &error);
  expect(answer != NULL, "one step", error);
  if (!g_str_has_prefix(answer, STOPPED_BY_STEP))
    ck_abort_msg("emulator: a step ends in '%s'", answer);
}
