#ifndef DECREE_CSQLITE_SHIM_H
#define DECREE_CSQLITE_SHIM_H

#include <sqlite3.h>

/* sqlite3_db_config and sqlite3_config are variadic, which Swift cannot call. */

static inline int decree_sqlite3_no_checkpoint_on_close(sqlite3 *db, int on, int *result) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on, result);
}

/* SQLITE_TRANSIENT is a cast Swift cannot import. */
static inline sqlite3_destructor_type decree_sqlite3_transient(void) { return SQLITE_TRANSIENT; }

#endif
