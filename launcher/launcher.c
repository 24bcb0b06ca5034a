/*
 * Starts a program of a layer in which files are compressed.
 *
 * /opt/bin/NAME is a link to a copy of this launcher, /opt/elf/KEY/DIRECTORY/.start-NAME. It unpacks the compressed files to /tmp/elf-KEY
 * unless they are there, and executes /opt/elf/KEY/DIRECTORY/NAME with the same arguments and environment. In place of each
 * compressed file, the layer has a link into /tmp/elf-KEY.
 *
 * /tmp/elf-KEY mirrors every parent directory of a compressed file. Its other entries are links to the layer, so that a program which
 * searches relative to its own path finds the same files. The directory is unpacked under another name and renamed, so it is complete
 * or absent. Meanwhile, other launchers wait for a file lock, which the kernel releases if the process that holds it ends.
 *
 * lib/pack/compressed.ts writes the compressed files, lib/plan/size/compress.ts the list: `d PATH`, `l PATH` for a link to the layer and
 * `f PATH` for a compressed file, a directory before its contents, each terminated by NUL. build.sh compiles this file.
 */
#include "system.h"
#include "inflate.h"
#include "text.h"
#include "unpack.h"

/* Sets the paths of the layer (/opt/elf/KEY), the program and the files in /tmp, from the path of this launcher. */
static void locate(void) {
  static char self[MOST_PATH];
  const char *prefix = "/opt/elf/", *start = "/.start-";
  i64 length = call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", self, MOST_PATH - 1);
  if (length < 0) fail("cannot read /proc/self/exe", "", "", length);
  u64 at = 0, name = 0;
  while (prefix[at] && self[at] == prefix[at]) at++;
  if (prefix[at]) fail("cannot find the layer: found the launcher at ", self, ", expected it below /opt/elf", 0);
  while (self[at] && self[at] != '/') at++;
  for (u64 slash = at; self[slash]; slash++) if (self[slash] == '/') name = slash;
  u64 matched = 0;
  while (start[matched] && self[name + matched] == start[matched]) matched++;
  if (start[matched]) fail("cannot find the program: found the launcher at ", self, ", expected it at .start-NAME", 0);
  join(target, self, "", "");
  join(target + name + 1, self + name + matched, "", "");
  self[at] = 0;
  join(layer, self, "", "");
  join(tree, "/tmp/elf-", self + lengthOf(prefix), "");
  join(part, tree, ".part", "");
  join(lock, tree, ".lock", "");
}

/* Whether a directory exists. One that other users own or can access is an error: its files must not be executed. */
static int isOwn(const char *path) {
  struct stat status;
  i64 error = call(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
  if (error == -ENOENT) return 0;
  if (error < 0) fail("cannot look at ", path, "", error);
  if ((status.mode & S_IFMT) == S_IFDIR && status.uid == call(SYS_geteuid, 0, 0, 0, 0) && (status.mode & 077) == 0) return 1;
  fail("will not use ", path, ": expected nothing or a directory with mode 0700 that belongs to this user: remove it", 0);
  return 0;
}

/* Whether everything is unpacked. Something may have removed files from /tmp. */
static int isComplete(void) {
  static char path[MOST_PATH];
  struct stat status;
  if (!isOwn(tree)) return 0;
  FOR_EACH_RECORD(record) {
    if (record[0] == 'd') continue;
    join(path, tree, "/", record + 2);
    if (call(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) < 0) return 0;
  }
  return 1;
}

/* Removes the contents of a directory that belongs to this user. */
static void clear(i64 directory) {
  u64 buffer[512];
  for (i64 size; (size = call(SYS_getdents64, directory, buffer, sizeof buffer, 0)) > 0;) {
    for (i64 at = 0; at < size;) {
      struct dirent *entry = (struct dirent *)((u8 *)buffer + at);
      const char *name = entry->name;
      at += entry->reclen;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
      if (call(SYS_unlinkat, directory, name, 0, 0) >= 0) continue;
      i64 below = call(SYS_openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
      if (below < 0) continue;
      clear(below);
      call(SYS_close, below, 0, 0, 0);
      call(SYS_unlinkat, directory, name, AT_REMOVEDIR, 0);
    }
  }
}

static void removeTree(const char *path) {
  if (!isOwn(path)) return;
  i64 directory = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (directory >= 0) clear(directory);
  i64 error = call(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR, 0);
  if (error < 0) fail("cannot remove ", path, "", error);
}

static void failForSpace(u64 bytes) {
  struct statfs disk = { 0 };
  call(SYS_statfs, "/tmp", &disk, 0, 0);
  u64 used = (disk.blocks - disk.bavail) * disk.bsize, needed = (used + bytes + 1048575) >> 20;
  print(target);
  print(": /tmp is too small for the files that this layer stores compressed: they need ");
  printNumber(bytes);
  print(" bytes, and ");
  printNumber(disk.bavail * disk.bsize);
  print(" are free; set the function's ephemeralStorageSize to ");
  printNumber(needed);
  print(" MiB or more, or remove files from /tmp\n");
  call(SYS_exit_group, FAILED, 0, 0, 0);
}

/* Makes directories, links to the layer and empty files below `part`. Returns 0 or -errno. */
static i64 makeEntries(void) {
  static char path[MOST_PATH], place[MOST_PATH];
  FOR_EACH_RECORD(record) {
    join(path, part, "/", record + 2);
    join(place, layer, "/", record + 2);
    i64 result = record[0] == 'd' ? call(SYS_mkdirat, AT_FDCWD, path, 0700, 0) :
      record[0] == 'l' ? call(SYS_symlinkat, place, AT_FDCWD, path, 0) :
        call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (result < 0) return result;
    if (record[0] == 'f') call(SYS_close, result, 0, 0, 0);
  }
  return 0;
}

static void unpack(void) {
  static char path[MOST_PATH];
  struct stat status;
  i64 descriptor = call(SYS_openat, AT_FDCWD, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) fail("cannot open ", lock, ": expected nothing or a file of this user in a writable /tmp", descriptor);
  call(SYS_fstat, descriptor, &status, 0, 0);
  if (status.uid != call(SYS_geteuid, 0, 0, 0, 0)) fail("will not use ", lock, ": it belongs to another user: remove it", 0);
  i64 error;
  while ((error = call(SYS_flock, descriptor, LOCK_EX, 0, 0)) == -EINTR);
  if (error < 0) fail("cannot lock ", lock, "", error);
  if (!isComplete()) {
    /* Left by a start that was interrupted, or incomplete because files were removed from /tmp. */
    removeTree(part);
    removeTree(tree);
    u64 fileCount = 0, records = 0, chunks = 0;
    FOR_EACH_RECORD(record) records++;
    makeCrc();
    struct file *files = map(records * sizeof(struct file), MAP_PRIVATE, -1);
    u64 bytes = openFiles(files, &fileCount, &chunks);
    struct statfs disk = { 0 };
    if (call(SYS_statfs, "/tmp", &disk, 0, 0) == 0 && disk.bavail * disk.bsize < bytes) failForSpace(bytes);
    error = call(SYS_mkdirat, AT_FDCWD, part, 0700, 0);
    if (error < 0) fail("cannot make ", part, "", error);
    struct progress *progress = map(sizeof(struct progress), MAP_SHARED, -1);
    error = makeEntries();
    if (error == 0) {
      unpackChunks(progress, files, fileCount, chunks);
      error = progress->error != 0 ? progress->error : progress->done < (i64)chunks ? -EINTR : 0;
    }
    for (u64 index = 0; index < fileCount && error == 0; index++) {
      join(path, part, "/", files[index].path);
      error = call(SYS_fchmodat, AT_FDCWD, path, files[index].header.mode & 0777, 0);
    }
    if (error == 0) error = call(SYS_renameat, AT_FDCWD, part, AT_FDCWD, tree);
    if (error < 0) {
      removeTree(part);
      if (error == -ENOSPC || error == -EDQUOT) failForSpace(bytes);
      join(path, layer, "/compressed/", error == -DAMAGED ? files[progress->failedFile].path : "");
      if (error == -DAMAGED) fail(path, " is damaged", ": deploy the layer again", 0);
      fail("cannot unpack to ", part, "", error);
    }
  }
  call(SYS_close, descriptor, 0, 0, 0);
}

void start(i64 *stack) {
  static char path[MOST_PATH];
  char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
  locate();
  join(path, layer, "/compressed/list", "");
  list = (const char *)content(path, &listSize);
  if (list[listSize - 1] != 0) fail(path, " is damaged", ": deploy the layer again", 0);
  if (!isComplete()) unpack();
  i64 error = call(SYS_execve, target, arguments, environment, 0);
  fail("cannot execute ", target, "", error);
}
