// Ways in and out of the payload. A thread that was stopped at any instruction is sent here and goes on from there
// by itself, with every register, its flags and its signal mask as they were: no tracer is needed for the way back,
// so the profiler and the injector may die at any moment. Nothing is ever written to the thread's own stack, which
// may be a goroutine's. Floating-point registers are never touched.
//
// Offsets of Resume and Command: layout.h.
#define CODE_BYTES 8192
#define COMMAND 7680
#define SCRATCH_TOP 16384
#define REGION_BYTES 32768
#define INTERRUPTED 56
#define AT(offset) enter+COMMAND+(offset)(%rip)

  .section .text.entry, "ax"
  .globl enter
  .hidden enter
// The call. Signals that arrive before the mask is set find the thread's own stack pointer.
enter:
  mov $14, %eax                     // rt_sigprocmask(SIG_SETMASK, blocked)
  mov $2, %edi
  lea AT(152), %rsi
  mov $0, %edx
  mov $8, %r10d
  syscall
  mov %rax, %rcx                    // jrcxz tests without touching the flags
  jrcxz 1f
  jmp leave_registers
1:
  mov $10, %eax                     // mprotect(scratch and control, READ | WRITE)
  lea enter+CODE_BYTES(%rip), %rdi
  mov $(REGION_BYTES - CODE_BYTES), %esi
  mov $3, %edx
  syscall
  mov %rax, %rcx
  jrcxz 2f
  jmp leave_mask
2:
  lea enter+SCRATCH_TOP(%rip), %rsp
  cld
  call payload_main
  push AT(136)
  popfq
leave_mask:
  mov AT(56), %rsp                  // from here a signal finds the thread's own stack again
  mov $14, %eax
  mov $2, %edi
  lea AT(144), %rsi
  mov $0, %edx
  mov $8, %r10d
  syscall
leave_registers:
  mov AT(8), %rbx
  mov AT(24), %rdx
  mov AT(32), %rsi
  mov AT(40), %rdi
  mov AT(48), %rbp
  mov AT(64), %r8
  mov AT(72), %r9
  mov AT(80), %r10
  mov AT(88), %r11
  mov AT(96), %r12
  mov AT(104), %r13
  mov AT(112), %r14
  mov AT(120), %r15
  mov enter+CODE_BYTES+INTERRUPTED(%rip), %rcx
  jrcxz 3f
  mov $-4, %rax                     // EINTR
  mov AT(16), %rcx
  jmp *AT(160)
3:
  mov AT(0), %rax
  mov AT(16), %rcx
  jmp *AT(128)

  .globl restorer
  .hidden restorer
restorer:                           // what a handler returns to: rt_sigreturn
  mov $15, %eax
  syscall

// The first mapping. Copied, with its literals filled in, to a hole of zeros in code that the target already has.
// Uses no stack, no flags, no memory but its own literals: one mmap, then the registers that it changed.
  .globl map_stub, map_stub_literals, map_stub_end
  .hidden map_stub, map_stub_literals, map_stub_end
  .balign 8
map_stub:
  mov $9, %eax                      // mmap(address, size, READ | EXEC, PRIVATE | ANONYMOUS | FIXED_NOREPLACE)
  mov map_stub_literals(%rip), %rdi
  mov $REGION_BYTES, %esi
  mov $5, %edx
  mov $0x100022, %r10d
  mov $-1, %r8
  mov $0, %r9d
  syscall
  mov map_stub_literals+8(%rip), %rax
  mov map_stub_literals+16(%rip), %rcx
  mov map_stub_literals+24(%rip), %rdx
  mov map_stub_literals+32(%rip), %rsi
  mov map_stub_literals+40(%rip), %rdi
  mov map_stub_literals+48(%rip), %r8
  mov map_stub_literals+56(%rip), %r9
  mov map_stub_literals+64(%rip), %r10
  mov map_stub_literals+72(%rip), %r11
  jmp *map_stub_literals+80(%rip)
  .balign 8
map_stub_literals:
  .zero 88                          // address rax rcx rdx rsi rdi r8 r9 r10 r11 rip
map_stub_end:
  .section .note.GNU-stack, "", @progbits
