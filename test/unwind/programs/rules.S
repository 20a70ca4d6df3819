# One function per way of describing a frame, called one after the other from _start. No C library, no
# linker-made code: every instruction is here. Each function calls `leaf`, so it is seen as leaf and as caller.
# The tests single-step it; nothing is printed and the exit code is 0.

        .text
        .globl  _start
_start:
        .cfi_startproc
        .cfi_undefined rip
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    rule_rsp
        call    rule_rbp
        call    rule_rbx
        call    rule_reg
        call    rule_deref_rsp
        call    rule_deref_rbp
        call    rule_rbp_at_rsp
        call    rule_expression
        call    rule_plt
        call    popped_rbp
        call    two_exits
        call    long_function
        call    split
        call    frame_pointer_only
        call    call_last
        call    signals
        mov     $60, %eax
        xor     %edi, %edi
        syscall
        .cfi_endproc

        .p2align 4
leaf:
        .cfi_startproc
        nop
        ret
        .cfi_endproc

        .p2align 4
        .globl  rule_rsp
rule_rsp:
        .cfi_startproc
        push    %r12
        .cfi_def_cfa_offset 16
        .cfi_offset r12, -16
        sub     $24, %rsp
        .cfi_def_cfa_offset 40
        call    leaf
        add     $24, %rsp
        .cfi_def_cfa_offset 16
        pop     %r12
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

        .p2align 4
        .globl  rule_rbp
rule_rbp:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        sub     $40, %rsp
        call    leaf
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

# The CFA hangs on rbx, as in ld.so's _dl_runtime_resolve; a callee saves and changes rbx meanwhile.
        .p2align 4
        .globl  rule_rbx
rule_rbx:
        .cfi_startproc
        push    %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset rbx, -16
        mov     %rsp, %rbx
        .cfi_def_cfa_register rbx
        sub     $100, %rsp
        and     $-64, %rsp
        call    changes_rbx
        mov     %rbx, %rsp
        .cfi_def_cfa_register rsp
        pop     %rbx
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

        .p2align 4
changes_rbx:
        .cfi_startproc
        push    %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset rbx, -16
        xor     %ebx, %ebx
        call    leaf
        pop     %rbx
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

# A register that only the sampled frame knows: so it calls nobody.
        .p2align 4
        .globl  rule_reg
rule_reg:
        .cfi_startproc
        lea     8(%rsp), %r10
        .cfi_def_cfa r10, 0
        and     $-64, %rsp
        sub     $64, %rsp
        nop
        lea     -8(%r10), %rsp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

# DW_CFA_def_cfa_expression: breg7 8; deref
        .p2align 4
        .globl  rule_deref_rsp
rule_deref_rsp:
        .cfi_startproc
        lea     8(%rsp), %rax
        .cfi_def_cfa rax, 0
        sub     $64, %rsp
        and     $-32, %rsp
        mov     %rax, 8(%rsp)
        .cfi_escape 0x0f, 3, 0x77, 8, 0x06
        nop
        mov     8(%rsp), %rax
        .cfi_def_cfa rax, 0
        lea     -8(%rax), %rsp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

# What gcc writes for a realigned frame: CFA = [rbp - 8], rbp and rbx saved relative to rbp.
        .p2align 4
        .globl  rule_deref_rbp
rule_deref_rbp:
        .cfi_startproc
        lea     8(%rsp), %r10
        .cfi_def_cfa r10, 0
        and     $-32, %rsp
        push    -8(%r10)
        push    %rbp
        mov     %rsp, %rbp
        .cfi_escape 0x10, 6, 2, 0x76, 0
        push    %r10
        .cfi_escape 0x0f, 3, 0x76, 0x78, 0x06
        push    %rbx
        .cfi_escape 0x10, 3, 2, 0x76, 0x70
        xor     %ebx, %ebx
        sub     $64, %rsp
        call    leaf
        add     $64, %rsp
        pop     %rbx
        pop     %r10
        .cfi_def_cfa r10, 0
        pop     %rbp
        lea     -8(%r10), %rsp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

# rbp saved at an address given relative to rsp; its caller needs that rbp.
        .p2align 4
        .globl  rule_rbp_at_rsp
rule_rbp_at_rsp:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        call    saves_rbp_at_rsp
        pop     %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

        .p2align 4
saves_rbp_at_rsp:
        .cfi_startproc
        sub     $24, %rsp
        .cfi_def_cfa_offset 32
        mov     %rbp, 8(%rsp)
        .cfi_escape 0x10, 6, 2, 0x77, 8
        xor     %ebp, %ebp
        call    leaf
        mov     8(%rsp), %rbp
        .cfi_same_value rbp
        add     $24, %rsp
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

# The form of libcrypto's assembler: breg7 8; deref; plus_uconst 8
        .p2align 4
        .globl  rule_expression
rule_expression:
        .cfi_startproc
        mov     %rsp, %rax
        .cfi_def_cfa_register rax
        sub     $128, %rsp
        and     $-64, %rsp
        mov     %rax, 8(%rsp)
        .cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8
        call    leaf
        mov     8(%rsp), %rax
        .cfi_def_cfa rax, 8
        mov     %rax, %rsp
        .cfi_def_cfa_register rsp
        ret
        .cfi_endproc

# The expression GNU ld writes for .plt; the push ends 11 bytes into its 16-byte slot.
        .p2align 4
        .globl  rule_plt
rule_plt:
        .cfi_startproc
        .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
        nop
        nop
        nop
        nop
        nop
        nop
        .byte   0x68, 1, 0, 0, 0                        # push $1
        .byte   0x48, 0x8d, 0x64, 0x24, 0x08            # lea 8(%rsp), %rsp
        ret
        .cfi_endproc

# No row says that rbp was popped: the slot below rsp must not be believed.
        .p2align 4
        .globl  popped_rbp
popped_rbp:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        call    pops_rbp_silently
        pop     %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc

        .p2align 4
pops_rbp_silently:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        xor     %ebp, %ebp
        nop
        pop     %rbp
        .cfi_def_cfa_offset 8
        movq    $0, -8(%rsp)
        nop
        ret
        .cfi_endproc

        .p2align 4
        .globl  two_exits
two_exits:
        .cfi_startproc
        push    %r13
        .cfi_def_cfa_offset 16
        test    %rsp, %rsp
        jz      1f
        .cfi_remember_state
        pop     %r13
        .cfi_def_cfa_offset 8
        call    second_exit
        ret
1:      .cfi_restore_state
        pop     %r13
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

        .p2align 4
second_exit:
        .cfi_startproc
        push    %r13
        .cfi_def_cfa_offset 16
        xor     %eax, %eax
        jz      1f
        .cfi_remember_state
        pop     %r13
        .cfi_def_cfa_offset 8
        ret
1:      .cfi_restore_state
        call    leaf
        pop     %r13
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

# Location advances of two and of four bytes.
        .p2align 4
        .globl  long_function
long_function:
        .cfi_startproc
        push    %r14
        .cfi_def_cfa_offset 16
        jmp     1f
        .skip   1000, 0x90
1:      push    %r15
        .cfi_def_cfa_offset 24
        jmp     2f
        .skip   70000, 0x90
2:      call    leaf
        pop     %r15
        .cfi_def_cfa_offset 16
        pop     %r14
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

# The second part stands elsewhere and starts in the middle of a frame.
        .p2align 4
        .globl  split
split:
        .cfi_startproc
        sub     $24, %rsp
        .cfi_def_cfa_offset 32
        jmp     split_cold
1:      add     $24, %rsp
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

        .section .text.unlikely, "ax", @progbits
split_cold:
        .cfi_startproc
        .cfi_def_cfa_offset 32
        call    leaf
        jmp     1b
        .cfi_endproc
        .text

# Code without call-frame data, far from any that has some: only rbp leads on.
        .p2align 4
        .skip   64, 0xcc
        .globl  frame_pointer_only
frame_pointer_only:
        endbr64
        push    %rbp
        mov     %rsp, %rbp
        sub     $32, %rsp
        call    frame_pointer_inner
        add     $32, %rsp
        pop     %rbp
        ret
frame_pointer_inner:
        push    %rbp
        mov     %rsp, %rbp
        call    leaf
        pop     %rbp
        ret
        .skip   64, 0xcc

# A call that never returns is the last instruction: its return address belongs to the next function, whose
# frame looks different.
        .p2align 4
        .globl  call_last
call_last:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        sub     $16, %rsp
        call    never_returns
        .cfi_endproc
never_returns:
        .cfi_startproc
        nop
        mov     %rbp, %rsp
        .cfi_def_cfa rbp, 16
        .cfi_offset rbp, -16
        pop     %rbp
        .cfi_def_cfa rsp, 8
        .cfi_same_value rbp
        ret
        .cfi_endproc

# Handlers that return through a trampoline without call-frame data, and through one marked as signal frame.
# The interrupted instruction is the first of its function. It loads through a null pointer, which the handler
# replaces: so the interrupted address stays the same all the time.
        .p2align 4
        .globl  signals
signals:
        .cfi_startproc
        push    %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset rbx, -16
        lea     action_plain(%rip), %rsi
        call    install
        xor     %ecx, %ecx
        call    traps
        lea     action_marked(%rip), %rsi
        call    install
        xor     %ecx, %ecx
        call    traps
        pop     %rbx
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

# rt_sigaction(SIGSEGV, rsi, 0, 8). The addresses are filled in here: no relocations in a static PIE.
        .p2align 4
install:
        .cfi_startproc
        lea     handler(%rip), %rax
        mov     %rax, action_plain(%rip)
        mov     %rax, action_marked(%rip)
        lea     restorer_plain(%rip), %rax
        mov     %rax, 16 + action_plain(%rip)
        lea     restorer_marked(%rip), %rax
        mov     %rax, 16 + action_marked(%rip)
        mov     $13, %eax
        mov     $11, %edi
        xor     %edx, %edx
        mov     $8, %r10d
        syscall
        ret
        .cfi_endproc

        .p2align 4
traps:
        .cfi_startproc
        mov     (%rcx), %al
        nop
        ret
        .cfi_endproc

# The context in rdx: gregs[REG_RCX] at 40 + 14 * 8.
        .p2align 4
handler:
        .cfi_startproc
        push    %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     %rsp, 152(%rdx)
        call    leaf
        pop     %rbp
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc

        .p2align 4
        .skip   64, 0xcc
restorer_plain:
        mov     $15, %rax
        syscall
        .skip   64, 0xcc

# As glibc's __restore_rt: the data begins one byte early, for look-ups at the return address - 1.
        .p2align 4
        .cfi_startproc simple
        .cfi_signal_frame
        .cfi_def_cfa rsp, 0
        nop
restorer_marked:
        mov     $15, %rax
        syscall
        .cfi_endproc
        .skip   64, 0xcc

        .data
        .p2align 3
# struct kernel_sigaction: handler, flags (SA_SIGINFO | SA_RESTORER), restorer, mask
action_plain:
        .quad   0, 0x04000004, 0, 0
action_marked:
        .quad   0, 0x04000004, 0, 0

        .section .note.GNU-stack, "", @progbits
