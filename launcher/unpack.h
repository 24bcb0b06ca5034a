/*
 * Unpacks compressed files: see lib/pack/compressed.ts for their format.
 */
/* DAMAGED is an error number that the kernel does not use: those of the kernel are below 4096. */
enum { MOST_WORKERS = 16, CHECKED_FROM = 12, DAMAGED = 4096 };

/* `crc` is the checksum of the bytes after it, up to the end of the table of chunks. */
struct header { u8 magic[8]; u32 crc, mode, chunkSize, chunkCount; u64 size; };
struct chunk { u32 packed, crc; };
struct file { const char *path; const u8 *packed; u64 offset, chunkOffset; struct header header; };

/* Shared by the processes that unpack. */
struct progress { i64 next, done; i64 error, failedFile; };

static const char MAGIC[8] = "elfpack1";

/* Maps each compressed file and checks its header. Returns the number of bytes that they need in /tmp. */
static u64 openFiles(struct file *files, u64 *count, u64 *chunks) {
  static char path[MOST_PATH];
  u64 bytes = 0;
  FOR_EACH_RECORD(record) {
    if (record[0] != 'f') continue;
    struct file *file = &files[(*count)++];
    u64 size;
    join(path, layer, "/compressed/", record + 2);
    const u8 *packed = content(path, &size);
    struct header header = { 0 };
    if (size >= sizeof header) __builtin_memcpy(&header, packed, sizeof header);
    u64 table = sizeof header + header.chunkCount * sizeof(struct chunk), end = table;
    int isSound = 1;
    for (int at = 0; at < 8; at++) isSound &= header.magic[at] == (u8)MAGIC[at];
    isSound = isSound && header.chunkSize > 0 && header.chunkCount == (header.size + header.chunkSize - 1) / header.chunkSize && table <= size;
    if (isSound) {
      const struct chunk *described = (const struct chunk *)(packed + sizeof header);
      for (u32 at = 0; at < header.chunkCount; at++) end += described[at].packed;
      isSound = end == size && crcOf(packed + CHECKED_FROM, table - CHECKED_FROM) == header.crc;
    }
    if (!isSound) fail(path, " is damaged", ": deploy the layer again", 0);
    *file = (struct file){ record + 2, packed, 0, *chunks, header };
    *chunks += header.chunkCount;
    bytes += (header.size + BLOCK - 1) / BLOCK * BLOCK;
  }
  return bytes;
}

/* Unpacks one chunk of a file to its place. Returns 0, -errno or -DAMAGED. */
static i64 unpackChunk(const struct file *file, u64 index, u8 *buffer) {
  static char path[MOST_PATH];
  const struct chunk *described = (const struct chunk *)(file->packed + sizeof(struct header));
  const u8 *from = file->packed + sizeof(struct header) + file->header.chunkCount * sizeof(struct chunk);
  for (u64 at = 0; at < index; at++) from += described[at].packed;
  u64 start = index * file->header.chunkSize, left = file->header.size - start;
  u64 size = left < file->header.chunkSize ? left : file->header.chunkSize;
  if (!inflate(from, described[index].packed, buffer, size) || crcOf(buffer, size) != described[index].crc) return -DAMAGED;
  join(path, part, "/", file->path);
  i64 out = call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (out < 0) return out;
  i64 error = 0;
  for (u64 at = 0; at < size && error == 0;) {
    i64 written = call(SYS_pwrite64, out, buffer + at, size - at, start + at);
    if (written > 0) at += written;
    else if (written != -EINTR) error = written < 0 ? written : -ENOSPC;
  }
  call(SYS_close, out, 0, 0, 0);
  return error;
}

/* Unpacks chunks until none is left. Every process that unpacks does this. */
static void work(struct progress *progress, const struct file *files, u64 fileCount, i64 chunks, u8 *buffer) {
  for (;;) {
    i64 chunk = __atomic_fetch_add(&progress->next, 1, __ATOMIC_RELAXED);
    if (chunk >= chunks || __atomic_load_n(&progress->error, __ATOMIC_RELAXED) != 0) return;
    u64 index = 0;
    while (index + 1 < fileCount && (u64)chunk >= files[index + 1].chunkOffset) index++;
    i64 error = unpackChunk(&files[index], chunk - files[index].chunkOffset, buffer), none = 0;
    if (error < 0 && __atomic_compare_exchange_n(&progress->error, &none, error, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      progress->failedFile = index;
    }
    __atomic_fetch_add(&progress->done, 1, __ATOMIC_SEQ_CST);
  }
}

static i64 processors(void) {
  u64 mask[128] = { 0 };
  i64 count = 0, size = call(SYS_sched_getaffinity, 0, sizeof mask, mask, 0);
  for (i64 word = 0; word < size / 8; word++) for (u64 bits = mask[word]; bits; bits &= bits - 1) count++;
  return count < 1 ? 1 : count > MOST_WORKERS ? MOST_WORKERS : count;
}

static void unpackChunks(struct progress *progress, const struct file *files, u64 fileCount, i64 chunks) {
  u32 chunkSize = 0;
  for (u64 index = 0; index < fileCount; index++) if (files[index].header.chunkSize > chunkSize) chunkSize = files[index].header.chunkSize;
  u8 *buffer = map(chunkSize + SLACK, MAP_PRIVATE, -1);
  i64 count = processors(), children[MOST_WORKERS], started = 0;
  for (; started + 1 < count && started + 1 < chunks; started++) {
    /* No exit signal: a SIGCHLD would be pending when the program starts. */
    children[started] = call(SYS_clone, 0, 0, 0, 0);
    if (children[started] < 0) break;
    if (children[started] > 0) continue;
    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
    work(progress, files, fileCount, chunks, buffer);
    call(SYS_exit_group, 0, 0, 0, 0);
  }
  work(progress, files, fileCount, chunks, buffer);
  for (i64 index = 0; index < started; index++) while (call(SYS_wait4, children[index], 0, WALL, 0) == -EINTR);
}
