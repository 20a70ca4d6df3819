// Frames as a compiler makes them: realigned, of variable size, with varargs, cold parts, tail calls, recursion
// and a call that never returns. Freestanding, so that single-stepping all of it takes a moment only. Exit code 0.

typedef long word;

asm(".globl _start\n"
    "_start:\n"
    "  .cfi_startproc\n"
    "  .cfi_undefined rip\n"
    "  xor %ebp, %ebp\n"
    "  and $-16, %rsp\n"
    "  call run\n"
    "  .cfi_endproc\n");

#define NOINLINE __attribute__((noinline, noclone))

static volatile word sink;

static NOINLINE _Noreturn void leave(int code) {
  asm volatile("syscall" : : "a"(60), "D"(code) : "memory");
  __builtin_unreachable();
}

static NOINLINE word leaf(word x) { return x * 3 + sink; }

static NOINLINE void touch(volatile char* bytes, word count) {
  for (word i = 0; i < count; i += 16) bytes[i] = (char)leaf(i);
}

static NOINLINE word realigned(word x) {
  _Alignas(64) volatile char bytes[128];
  touch(bytes, sizeof(bytes));
  return bytes[x & 63];
}

static NOINLINE word variable_size(word x) {
  volatile char* bytes = __builtin_alloca((unsigned long)(x * 8 + 16));
  touch(bytes, x * 8);
  return bytes[x];
}

static NOINLINE word realigned_variable_size(word x, word a, word b, word c, word d, word e, word on_stack) {
  _Alignas(32) volatile char fixed[64];
  volatile char* bytes = __builtin_alloca((unsigned long)(x * 16 + 16));
  touch(bytes, x * 16);
  touch(fixed, sizeof(fixed));
  return bytes[x] + fixed[a & 31] + b + c + d + e + leaf(on_stack);
}

static NOINLINE word varargs(int count, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, count);
  word sum = 0;
  for (int i = 0; i < count; ++i) sum += leaf(__builtin_va_arg(arguments, word));
  __builtin_va_end(arguments);
  return sum;
}

static NOINLINE __attribute__((cold)) word cold_path(word x) { return leaf(x) - 1; }

static NOINLINE word mostly_hot(word x) {
  if (__builtin_expect(x == 2, 0)) return cold_path(x) + leaf(x + 1);
  return leaf(x) + 1;
}

static NOINLINE word tail_call(word x) { return mostly_hot(x + 1); }

static NOINLINE word recursive(word depth) { return depth == 0 ? leaf(depth) : recursive(depth - 1) + leaf(depth); }

static NOINLINE word many_registers(word a, word b, word c, word d) {
  const word p = leaf(a);
  const word q = leaf(b);
  const word r = leaf(c);
  const word s = leaf(d);
  const word t = leaf(a + b);
  return leaf(p ^ q) + p * q + r * s + t + (p > s ? leaf(t) : q);
}

static NOINLINE word early_return(word x) {
  if (x < 0) return 0;
  word sum = many_registers(x, x + 1, x + 2, x + 3);
  if (sum == 7) return recursive(2);
  return sum + recursive(3);
}

void run(void) {
  sink = realigned(5) + variable_size(6);
  sink = realigned_variable_size(3, 1, 2, 3, 4, 5, 6);
  sink = varargs(8, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
  sink = tail_call(1) + tail_call(4) + recursive(20) + early_return(-1) + early_return(1);
  leave(0);
}
