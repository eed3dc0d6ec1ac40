/* A disk that fails: loaded with LD_PRELOAD, it makes system calls on files below certain folders fail on purpose.
 *
 * Nothing fails until faults_arm() is called in the process. Calls are counted from then on, so that a run can be
 * repeated with a fault at each of them. A fault is either before the call (nothing happened) or after it (it happened,
 * and the answer was lost on the way, as with a network's file system).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { BEFORE = 0, AFTER = 1 };

static char folders[4][1024];
static int folder_count;
static long first, last;
long faults_seen_count, faults_made_count;
static int error_number, when, armed, is_plain;
static char name_of_first[64], only[64];
static __thread int inside;

void faults_arm(const char *one, const char *two, long first_call, long calls, int number, int after) {
  folder_count = 0;
  strncpy(folders[folder_count++], one, sizeof folders[0] - 1);
  if (*two) strncpy(folders[folder_count++], two, sizeof folders[0] - 1);
  first = first_call, last = first_call + calls, faults_seen_count = 0, faults_made_count = 0;
  error_number = number, when = after, armed = 1;
  name_of_first[0] = 0;
}

/* A file system that can neither rename without replacing nor link. */
void faults_plain(int yes) { is_plain = yes; }

/* Calls of this name alone are counted and fail; of any, if it is empty. */
void faults_only(const char *name) { snprintf(only, sizeof only, "%s", name); }

void faults_disarm(void) { armed = 0; }
const char *faults_name(void) { return name_of_first; }

static int is_below(const char *path) {
  for (int i = 0; i < folder_count; i++) {
    size_t length = strlen(folders[i]);
    if (strncmp(path, folders[i], length) == 0 && (path[length] == '/' || path[length] == 0)) return 1;
  }
  return 0;
}

static const char *path_of(int descriptor, char *buffer, size_t size) {
  char link[64];
  ssize_t (*real)(const char *, char *, size_t) = dlsym(RTLD_NEXT, "readlink");
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = real(link, buffer, size - 1);
  buffer[length < 0 ? 0 : length] = 0;
  return buffer;
}

/* Whether this call is one that fails. */
static int is_hit(const char *name, const char *path) {
  if (!armed || inside || !is_below(path) || (only[0] && strcmp(name, only))) return 0;
  long number = __sync_add_and_fetch(&faults_seen_count, 1);
  if (number < first || number >= last) return 0;
  if (__sync_fetch_and_add(&faults_made_count, 1) == 0) snprintf(name_of_first, sizeof name_of_first, "%s", name);
  return 1;
}

static int is_hit_at(const char *name, int folder, const char *path) {
  char buffer[4096], whole[8192];
  if (!armed || inside) return 0;
  if (path[0] == '/' || folder == AT_FDCWD) return is_hit(name, path);
  snprintf(whole, sizeof whole, "%s/%s", path_of(folder, buffer, sizeof buffer), path);
  return is_hit(name, path[0] ? whole : buffer);
}

static int is_hit_open(const char *name, int descriptor) {
  char buffer[4096];
  if (!armed || inside) return 0;
  return is_hit(name, path_of(descriptor, buffer, sizeof buffer));
}

/* A call that fails: not made at all, or made and its answer lost. */
#define CALL(type, name, hit, failed, types, ...)                      \
  type (*real) types = (type(*) types)dlsym(RTLD_NEXT, #name);         \
  if (!(hit)) return real(__VA_ARGS__);                                \
  if (when == AFTER) {                                                 \
    inside = 1;                                                        \
    type answer = real(__VA_ARGS__);                                   \
    inside = 0;                                                        \
    if (answer == failed) return failed; /* it failed by itself */     \
  }                                                                    \
  errno = error_number;                                                \
  return failed;

/* The same for a call whose lost answer would only be a leak: it fails before. */
#define READ(type, name, hit, failed, types, ...)                      \
  type (*real) types = (type(*) types)dlsym(RTLD_NEXT, #name);         \
  if (!(hit)) return real(__VA_ARGS__);                                \
  errno = error_number;                                                \
  return failed;

#define OPEN(name)                                                                      \
  int name(const char *path, int flags, ...) {                                          \
    mode_t mode = 0;                                                                    \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                              \
      va_list list;                                                                     \
      va_start(list, flags);                                                            \
      mode = va_arg(list, mode_t);                                                      \
      va_end(list);                                                                     \
    }                                                                                   \
    READ(int, name, is_hit_at(#name, AT_FDCWD, path), -1, (const char *, int, mode_t), path, flags, mode) \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                    \
  int name(int folder, const char *path, int flags, ...) {                              \
    mode_t mode = 0;                                                                    \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                              \
      va_list list;                                                                     \
      va_start(list, flags);                                                            \
      mode = va_arg(list, mode_t);                                                      \
      va_end(list);                                                                     \
    }                                                                                   \
    READ(int, name, is_hit_at(#name, folder, path), -1, (int, const char *, int, mode_t), folder, path, flags, mode) \
  }
OPENAT(openat)
OPENAT(openat64)

/* What was written may be refused as late as when the file is closed. */
int close(int descriptor) {
  int (*real)(int) = dlsym(RTLD_NEXT, "close");
  int is_written = armed && !inside && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
  int hit = is_written && is_hit_open("close", descriptor);
  int answer = real(descriptor);
  if (!hit || answer) return answer;
  errno = error_number;
  return -1;
}

#define STAT(name, kind)                                                                \
  int name(const char *path, struct kind *status) {                                     \
    READ(int, name, is_hit(#name, path), -1, (const char *, struct kind *), path, status) \
  }
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)

#define FSTAT(name, kind)                                                               \
  int name(int descriptor, struct kind *status) {                                       \
    READ(int, name, is_hit_open(#name, descriptor), -1, (int, struct kind *), descriptor, status) \
  }
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define FSTATAT(name, kind)                                                             \
  int name(int folder, const char *path, struct kind *status, int flags) {              \
    READ(int, name, is_hit_at(#name, folder, path), -1, (int, const char *, struct kind *, int), folder, path, status, flags) \
  }
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

#define PREAD(name, offset_type)                                                        \
  ssize_t name(int descriptor, void *buffer, size_t size, offset_type offset) {         \
    READ(ssize_t, name, is_hit_open(#name, descriptor), -1, (int, void *, size_t, offset_type), descriptor, buffer, size, offset) \
  }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PWRITE(name, offset_type)                                                       \
  ssize_t name(int descriptor, const void *buffer, size_t size, offset_type offset) {   \
    CALL(ssize_t, name, is_hit_open(#name, descriptor), -1, (int, const void *, size_t, offset_type), descriptor, buffer, size, offset) \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t read(int descriptor, void *buffer, size_t size) {
  READ(ssize_t, read, is_hit_open("read", descriptor), -1, (int, void *, size_t), descriptor, buffer, size)
}

ssize_t write(int descriptor, const void *buffer, size_t size) {
  CALL(ssize_t, write, is_hit_open("write", descriptor), -1, (int, const void *, size_t), descriptor, buffer, size)
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags) {
  READ(ssize_t, copy_file_range, is_hit_open("copy_file_range", out), -1,
       (int, off64_t *, int, off64_t *, size_t, unsigned), in, in_at, out, out_at, size, flags)
}

int fsync(int descriptor) { CALL(int, fsync, is_hit_open("fsync", descriptor), -1, (int), descriptor) }
int fdatasync(int descriptor) { CALL(int, fdatasync, is_hit_open("fdatasync", descriptor), -1, (int), descriptor) }

int ftruncate(int descriptor, off_t size) {
  CALL(int, ftruncate, is_hit_open("ftruncate", descriptor), -1, (int, off_t), descriptor, size)
}
int ftruncate64(int descriptor, off64_t size) {
  CALL(int, ftruncate64, is_hit_open("ftruncate64", descriptor), -1, (int, off64_t), descriptor, size)
}

int fchmod(int descriptor, mode_t mode) {
  CALL(int, fchmod, is_hit_open("fchmod", descriptor), -1, (int, mode_t), descriptor, mode)
}

int futimens(int descriptor, const struct timespec times[2]) {
  CALL(int, futimens, is_hit_open("futimens", descriptor), -1, (int, const struct timespec[2]), descriptor, times)
}

int rename(const char *one, const char *two) {
  CALL(int, rename, is_hit("rename", one) || is_hit("rename", two), -1, (const char *, const char *), one, two)
}
int link(const char *one, const char *two) { return linkat(AT_FDCWD, one, AT_FDCWD, two, 0); }

int symlink(const char *content, const char *path) {
  CALL(int, symlink, is_hit("symlink", path), -1, (const char *, const char *), content, path)
}

int renameat2(int from, const char *one, int to, const char *two, unsigned flags) {
  if (is_plain && is_below(two)) {
    errno = EINVAL;
    return -1;
  }
  CALL(int, renameat2, is_hit_at("renameat2", from, one) || is_hit_at("renameat2", to, two), -1,
       (int, const char *, int, const char *, unsigned), from, one, to, two, flags)
}

int linkat(int from, const char *one, int to, const char *two, int flags) {
  if (is_plain && is_below(two)) {
    errno = EPERM;
    return -1;
  }
  CALL(int, linkat, is_hit_at("linkat", from, one) || is_hit_at("linkat", to, two), -1,
       (int, const char *, int, const char *, int), from, one, to, two, flags)
}

int unlink(const char *path) { CALL(int, unlink, is_hit("unlink", path), -1, (const char *), path) }
int rmdir(const char *path) { CALL(int, rmdir, is_hit("rmdir", path), -1, (const char *), path) }
int mkdir(const char *path, mode_t mode) {
  CALL(int, mkdir, is_hit("mkdir", path), -1, (const char *, mode_t), path, mode)
}

int unlinkat(int folder, const char *path, int flags) {
  CALL(int, unlinkat, is_hit_at("unlinkat", folder, path), -1, (int, const char *, int), folder, path, flags)
}

DIR *opendir(const char *path) { READ(DIR *, opendir, is_hit("opendir", path), NULL, (const char *), path) }

struct dirent64 *readdir64(DIR *folder) {
  READ(struct dirent64 *, readdir64, is_hit_open("readdir64", dirfd(folder)), NULL, (DIR *), folder)
}

ssize_t readlink(const char *path, char *buffer, size_t size) {
  READ(ssize_t, readlink, is_hit("readlink", path), -1, (const char *, char *, size_t), path, buffer, size)
}
