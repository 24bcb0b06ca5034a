/* Counts the words on standard input, and the bits that a choice among the different byte values carries. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

int main(void) {
  long words = 0, bytes = 0, count[256] = {0};
  int in_word = 0, c;
  double entropy = 0;
  while ((c = getchar()) != EOF) {
    count[c]++, bytes++;
    if (isspace(c)) in_word = 0;
    else if (!in_word) in_word = 1, words++;
  }
  for (int i = 0; i < 256; i++)
    if (count[i]) entropy -= (double)count[i] / bytes * log2((double)count[i] / bytes);
  printf("{\"words\": %ld, \"entropy\": %.3f}\n", words, entropy);
  return 0;
}
