// Replaces the middle of its own text by anonymous memory, as programs do that move their code to huge pages:
// `remapped same` copies the bytes there, `remapped other` leaves zeros. Then it sleeps.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kMiddle = 3 * kPage };

// Two pages of the same file stay before and behind; nothing of this is ever run.
asm(".text\n"
    ".p2align 12\n"
    ".skip 4096, 0x90\n"
    ".globl middle\n"
    "middle:\n"
    "  .skip 12288, 0xc3\n"
    "  .skip 4096, 0x90\n");
extern char middle[];

int main(int count, char** values) {
  static char bytes[kMiddle];
  if (count > 1 && strcmp(values[1], "same") == 0) memcpy(bytes, middle, kMiddle);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (mmap(middle, kMiddle, PROT_READ | PROT_WRITE, flags, -1, 0) != middle) return 1;
  memcpy(middle, bytes, kMiddle);
  if (mprotect(middle, kMiddle, PROT_READ | PROT_EXEC) != 0) return 1;
  for (;;) pause();
}
