/* fsop: what rename and fsync do not give at once: a rename that never replaces, a synced name. */
#ifndef SPARKSPOOL_BASE_FSOP_H
#define SPARKSPOOL_BASE_FSOP_H

#include <stdbool.h>
#include <sys/stat.h>

/* Renames within or between open directories; never replaces what has the name already. When both
 * names are of one file, an earlier attempt came half way: `from` goes. 0 or an errno: EEXIST when
 * the name is taken. */
int fsop_rename_new(int from_dir, const char *from, int to_dir, const char *to);

/* What it does where the file system knows no RENAME_NOREPLACE (NFS, many of FUSE): a second link,
 * then the first name goes. Where there are no links either, a look before the rename: a file that
 * appears between the two is lost. Here for the tests. */
int fsop_rename_new_plain(int from_dir, const char *from, int to_dir, const char *to);

/* Syncs the names in an open directory. 0 or an errno; what cannot be synced counts as synced. */
int fsop_sync_dir(int dir);

/* Opens a directory by a name in an open one, or AT_FDCWD, and never through a link. -1 with errno. */
int fsop_open_dir(int dir, const char *name);

/* For something open whose name in dir nobody may have synced: with the name there for good, fd again; else
 * it is closed. -1 with errno. */
int fsop_sync_name(int dir, int fd);

/* Would a file that we make in dir belong to uid? A squashed root, or a mount with an owner of its own: it is
 * made to see. False where none can be made. */
bool fsop_makes_as(int dir, uid_t uid);

/* In a sticky directory nobody takes away or replaces what is another's, but who owns a directory in it does
 * as he likes with what lies there. Is that somebody else than the owner of dir, root, ourselves, by whatever
 * name what we make in dir is ours, and uid? Where dir is not sticky, who could make st can take whatever
 * lies there anyway: then it is not. */
bool fsop_is_strangers(int dir, const struct stat *st, uid_t uid);

#endif
