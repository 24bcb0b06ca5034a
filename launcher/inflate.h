/*
 * Decompresses raw deflate data (RFC 1951), and computes CRC-32 checksums (RFC 1952). The data is not trusted.
 */
enum { MOST_BITS = 15, FAST_BITS = 11, LITERALS = 288, DISTANCES = 32, SLACK = 16 };

struct bits { const u8 *in, *end; u64 value; u32 count, beyond; };

/* A canonical prefix code. Codes of at most FAST_BITS bits are looked up at once: `symbol << 4 | length`. */
struct code { u16 counts[MOST_BITS + 1], symbols[LITERALS], fast[1 << FAST_BITS]; };

/* Fills the buffer to at least 56 bits. Bits beyond the end of the data are 0, and are counted. */
static inline void refill(struct bits *bits) {
  if (bits->end - bits->in >= 8) {
    u64 word;
    __builtin_memcpy(&word, bits->in, 8);
    bits->value |= word << bits->count;
    bits->in += (63 - bits->count) >> 3;
    bits->count |= 56;
    return;
  }
  for (; bits->count <= 56; bits->count += 8) {
    if (bits->in < bits->end) bits->value |= (u64)*bits->in++ << bits->count;
    else bits->beyond += 8;
  }
}

static inline u32 take(struct bits *bits, u32 count) {
  u32 value = bits->value & ((1UL << count) - 1);
  bits->value >>= count;
  bits->count -= count;
  return value;
}

/* Builds a code from its lengths. Returns 0 if it is over-subscribed. An incomplete code is allowed: `decode` rejects unused codes. */
static int makeCode(struct code *code, const u8 *lengths, u32 count) {
  u16 offsets[MOST_BITS + 2], next[MOST_BITS + 2];
  for (u32 length = 0; length <= MOST_BITS; length++) code->counts[length] = 0;
  for (u32 symbol = 0; symbol < count; symbol++) code->counts[lengths[symbol]]++;
  code->counts[0] = 0;
  i64 left = 1;
  offsets[1] = next[1] = 0;
  for (u32 length = 1; length <= MOST_BITS; length++) {
    left = 2 * left - code->counts[length];
    if (left < 0) return 0;
    offsets[length + 1] = offsets[length] + code->counts[length];
    next[length + 1] = (next[length] + code->counts[length]) << 1;
  }
  for (u32 at = 0; at < 1 << FAST_BITS; at++) code->fast[at] = 0;
  for (u32 symbol = 0; symbol < count; symbol++) {
    u32 length = lengths[symbol];
    if (length == 0) continue;
    code->symbols[offsets[length]++] = symbol;
    u32 value = next[length]++, reversed = 0;
    if (length > FAST_BITS) continue;
    for (u32 bit = 0; bit < length; bit++) reversed |= (value >> bit & 1) << (length - 1 - bit);
    for (u32 at = reversed; at < 1 << FAST_BITS; at += 1 << length) code->fast[at] = symbol << 4 | length;
  }
  return 1;
}

/* Returns a symbol, or -1 for a code that is not used. */
static inline int decode(struct bits *bits, const struct code *code) {
  u32 entry = code->fast[bits->value & ((1 << FAST_BITS) - 1)];
  if (entry != 0) {
    take(bits, entry & 15);
    return entry >> 4;
  }
  int value = 0, first = 0, index = 0;
  for (u32 length = 1; length <= MOST_BITS; length++) {
    value |= take(bits, 1);
    int count = code->counts[length];
    if (value - count < first) return code->symbols[index + value - first];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return -1;
}

static const u16 LENGTH_BASE[29] = {
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
};
static const u8 LENGTH_BITS[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const u16 DISTANCE_BASE[30] = {
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
  16385, 24577,
};
static const u8 DISTANCE_BITS[30] = {
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
};
static const u8 CODE_ORDER[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

static int readCodes(struct bits *bits, struct code *literals, struct code *distances) {
  u8 lengths[LITERALS + DISTANCES] = { 0 };
  refill(bits);
  u32 literalCount = take(bits, 5) + 257, distanceCount = take(bits, 5) + 1, codeCount = take(bits, 4) + 4;
  if (literalCount > 286 || distanceCount > 30) return 0;
  for (u32 at = 0; at < codeCount; at++) {
    refill(bits);
    lengths[CODE_ORDER[at]] = take(bits, 3);
  }
  if (!makeCode(literals, lengths, 19)) return 0;
  for (u32 at = 0; at < 19; at++) lengths[at] = 0;
  for (u32 at = 0; at < literalCount + distanceCount;) {
    refill(bits);
    int symbol = decode(bits, literals);
    if (symbol < 0) return 0;
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol == 16 && at == 0) return 0;
    u8 repeated = symbol == 16 ? lengths[at - 1] : 0;
    u32 times = symbol == 16 ? 3 + take(bits, 2) : symbol == 17 ? 3 + take(bits, 3) : 11 + take(bits, 7);
    if (at + times > literalCount + distanceCount) return 0;
    while (times-- > 0) lengths[at++] = repeated;
  }
  return makeCode(literals, lengths, literalCount) && makeCode(distances, lengths + literalCount, distanceCount);
}

static int fixedCodes(struct code *literals, struct code *distances) {
  u8 lengths[LITERALS];
  for (u32 at = 0; at < LITERALS; at++) lengths[at] = at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8;
  if (!makeCode(literals, lengths, LITERALS)) return 0;
  for (u32 at = 0; at < 30; at++) lengths[at] = 5;
  return makeCode(distances, lengths, 30);
}

/* Returns whether the decompressed data is exactly `size` bytes. Up to SLACK bytes after them are overwritten. */
static int inflate(const u8 *in, u64 packed, u8 *start, u64 size) {
  struct bits bits = { in, in + packed, 0, 0, 0 };
  struct code literals, distances;
  u8 *out = start, *end = start + size;
  int isLast;
  do {
    refill(&bits);
    isLast = take(&bits, 1);
    u32 type = take(&bits, 2);
    if (type == 0) {
      take(&bits, bits.count & 7);
      refill(&bits);
      u32 length = take(&bits, 16), complement = take(&bits, 16);
      if ((length ^ complement) != 0xffff || length > (u64)(end - out)) return 0;
      for (; length > 0; length--) {
        if (bits.count < 8) refill(&bits);
        *out++ = take(&bits, 8);
      }
      if (bits.beyond > bits.count) return 0;
      continue;
    }
    if (type == 3 || !(type == 1 ? fixedCodes(&literals, &distances) : readCodes(&bits, &literals, &distances))) return 0;
    for (;;) {
      /* 48 bits are enough for a length and a distance with their extra bits */
      if (bits.count < 48) refill(&bits);
      if (bits.beyond > bits.count) return 0;
      int symbol = decode(&bits, &literals);
      if (symbol < 0) return 0;
      if (symbol < 256) {
        if (out == end) return 0;
        *out++ = symbol;
        continue;
      }
      if (symbol == 256) break;
      if (symbol > 285) return 0;
      u64 length = LENGTH_BASE[symbol - 257] + take(&bits, LENGTH_BITS[symbol - 257]);
      symbol = decode(&bits, &distances);
      if (symbol < 0 || symbol > 29) return 0;
      u64 distance = DISTANCE_BASE[symbol] + take(&bits, DISTANCE_BITS[symbol]);
      if (distance > (u64)(out - start) || length > (u64)(end - out)) return 0;
      const u8 *from = out - distance;
      u8 *to = out;
      out += length;
      if (distance >= 8) {
        for (; to < out; to += 8, from += 8) __builtin_memcpy(to, from, 8);
      } else {
        while (to < out) *to++ = *from++;
      }
    }
  } while (!isLast);
  return out == end && bits.beyond <= bits.count;
}

/* Eight tables: eight bytes are looked up at a time. */
static u32 CRC[8][256];

static void makeCrc(void) {
  for (u32 byte = 0; byte < 256; byte++) {
    u32 value = byte;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
    CRC[0][byte] = value;
  }
  for (u32 byte = 0; byte < 256; byte++) {
    for (int table = 1; table < 8; table++) CRC[table][byte] = CRC[table - 1][byte] >> 8 ^ CRC[0][CRC[table - 1][byte] & 255];
  }
}

static u32 crcOf(const u8 *bytes, u64 size) {
  u32 crc = ~0U;
  for (; size >= 8; size -= 8, bytes += 8) {
    u64 word;
    __builtin_memcpy(&word, bytes, 8);
    word ^= crc;
    crc = 0;
    for (int table = 7; table >= 0; table--, word >>= 8) crc ^= CRC[table][word & 255];
  }
  while (size-- > 0) crc = crc >> 8 ^ CRC[0][(crc ^ *bytes++) & 255];
  return ~crc;
}
