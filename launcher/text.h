/*
 * Paths, messages and the files of the layer.
 */
enum { MOST_PATH = 4096, FAILED = 126, BLOCK = 4096 };

static char layer[MOST_PATH], tree[MOST_PATH], part[MOST_PATH], lock[MOST_PATH], target[MOST_PATH];
static const char *list;
static u64 listSize;

static u64 lengthOf(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  return length;
}

static void print(const char *text) {
  call(SYS_write, 2, text, lengthOf(text), 0);
}

static void printNumber(u64 number) {
  char digits[24], *at = digits + 23;
  *at = 0;
  do *--at = '0' + number % 10; while (number /= 10);
  print(at);
}

static void fail(const char *before, const char *path, const char *after, i64 error) {
  print(target);
  print(": ");
  print(before);
  print(path);
  print(after);
  if (error < 0) {
    print(" (errno ");
    printNumber(-error);
    print(")");
  }
  print("\n");
  call(SYS_exit_group, FAILED, 0, 0, 0);
  __builtin_unreachable();
}

/* Joins texts to a path. */
static void join(char *to, const char *one, const char *two, const char *three) {
  const char *texts[3] = { one, two, three };
  u64 at = 0;
  for (int index = 0; index < 3; index++) {
    for (const char *from = texts[index]; *from; from++) {
      if (at == MOST_PATH - 1) fail("a path is too long: ", two, "", 0);
      to[at++] = *from;
    }
  }
  to[at] = 0;
}

static void *map(i64 size, int sharing, i64 descriptor) {
  int protection = descriptor < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
  i64 address = call6(SYS_mmap, 0, size, protection, sharing | (descriptor < 0 ? MAP_ANONYMOUS : 0), descriptor, 0);
  if (address < 0 && address > -4096) fail("cannot map memory", "", "", address);
  return (void *)address;
}

/* Maps a file of the layer. */
static const u8 *content(const char *path, u64 *size) {
  struct stat status;
  i64 descriptor = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) fail("cannot open ", path, "", descriptor);
  i64 error = call(SYS_fstat, descriptor, &status, 0, 0);
  if (error < 0 || status.size == 0) fail(path, " is empty", ": deploy the layer again", error);
  const u8 *bytes = map(status.size, MAP_PRIVATE, descriptor);
  call(SYS_close, descriptor, 0, 0, 0);
  *size = status.size;
  return bytes;
}

/* A record is its kind, a space and its path. */
#define FOR_EACH_RECORD(record) for (const char *record = list; record < list + listSize; record += lengthOf(record) + 1)
