#ifndef DECREE_CSQLITE_SHIM_H
#define DECREE_CSQLITE_SHIM_H

#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <sys/stat.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
/* A C library that has it declares the same structure. */
#if !defined(STATX_INO) && __has_include(<linux/stat.h>)
#include <linux/stat.h>
#endif
#endif

/* sqlite3_db_config and sqlite3_config are variadic, which Swift cannot call. */

static inline int decree_sqlite3_no_checkpoint_on_close(sqlite3 *db, int on, int *result) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on, result);
}

/* SQLITE_TRANSIENT is a cast Swift cannot import. */
static inline sqlite3_destructor_type decree_sqlite3_transient(void) { return SQLITE_TRANSIENT; }

/* Which file a name, or a descriptor, stands for, how long it is and how many names it has; but not its times. A Linux
   that keeps fine times (6.13 and later) gives a file whose times were asked for new ones at its next write, which then makes each sync write the inode as well: a
   seventh of a commit's time, for a file that is looked at behind each commit. */
struct decree_file {
    uint64_t device, number, bytes, names;
};

static inline int decree_take_file(const struct stat *status, struct decree_file *file) {
    file->device = (uint64_t)status->st_dev;
    file->number = (uint64_t)status->st_ino;
    file->bytes = (uint64_t)status->st_size;
    file->names = (uint64_t)status->st_nlink;
    return 0;
}

#if defined(__linux__) && defined(SYS_statx) && defined(STATX_INO)
/* 1: the kernel does not know the call, or a sandbox forbids it. */
static inline int decree_statx(int directory, const char *path, int flags, struct decree_file *file) {
    struct statx found;
    if (syscall(SYS_statx, directory, path, flags, STATX_INO | STATX_SIZE | STATX_NLINK, &found) == 0) {
        file->device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor;
        file->number = found.stx_ino;
        file->bytes = found.stx_size;
        file->names = found.stx_nlink;
        return 0;
    }
    return errno == ENOSYS || errno == EPERM ? 1 : -1;
}
#else
static inline int decree_statx(int directory, const char *path, int flags, struct decree_file *file) { return 1; }
#endif

static inline int decree_look_at_path(const char *path, struct decree_file *file) {
    int result = decree_statx(-100 /* AT_FDCWD */, path, 0, file);
    if (result != 1) return result;
    struct stat status;
    return stat(path, &status) == 0 ? decree_take_file(&status, file) : -1;
}

/* No name is looked up: a quarter of what it takes by path. */
static inline int decree_look_at_file(int descriptor, struct decree_file *file) {
    int result = decree_statx(descriptor, "", 0x1000 /* AT_EMPTY_PATH */, file);
    if (result != 1) return result;
    struct stat status;
    return fstat(descriptor, &status) == 0 ? decree_take_file(&status, file) : -1;
}

#endif
