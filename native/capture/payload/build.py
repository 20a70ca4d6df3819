# Compiles the payload and writes its bytes as a C++ header: build.py OUTPUT_HEADER. Fails when the payload is more
# than code: data, relocations, a call outside of itself, or floating-point registers would break in the target.
import os
import re
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
compiler = os.environ.get('CXX', 'g++').split()
flags = [
    '-std=c++20', '-Os', '-ffreestanding', '-fno-exceptions', '-fno-rtti', '-fpie', '-fvisibility=hidden',
    '-nostdlib', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables',
    '-fno-jump-tables', '-fno-tree-loop-distribute-patterns', '-fno-builtin', '-fno-threadsafe-statics',
    '-mgeneral-regs-only', '-mno-red-zone', '-fcf-protection=none', '-fomit-frame-pointer', '-fno-lto',
    '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Wno-unused-function', '-Werror',
]


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(folder):
    objects = []
    for source in ('entry.S', 'payload.cc'):
        objects.append(os.path.join(folder, source + '.o'))
        run(*compiler, *(flags if source.endswith('.cc') else []), '-c', os.path.join(here, source), '-o', objects[-1])
    elf = os.path.join(folder, 'payload.elf')
    # --no-undefined is the default of an executable: a call of memset, say, ends the build here.
    run('ld', '-static', '--no-dynamic-linker', '-z', 'norelro', '-z', 'noexecstack', '--build-id=none', '-T',
        os.path.join(here, 'payload.ld'), '-o', elf, *objects)
    return elf


def main(output):
    with tempfile.TemporaryDirectory() as folder:
        elf = build(folder)
        code = os.path.join(folder, 'payload.bin')
        run('objcopy', '-O', 'binary', '-j', '.text', elf, code)
        if 'R_X86_64' in run('objdump', '-r', elf):
            sys.exit('the payload has relocations')
        listing = run('objdump', '-d', '--no-show-raw-insn', elf)
        if re.search(r'%[xyz]mm\d|%st\b', listing):
            sys.exit('the payload touches floating-point registers')
        symbols = {name: int(value, 16) for value, _, name in (line.split() for line in run('nm', elf).splitlines())}
        with open(code, 'rb') as file:
            content = file.read()
    rows = [', '.join(str(byte) for byte in content[at:at + 24]) for at in range(0, len(content), 24)]
    numbers = '\n'.join(f'inline constexpr size_t {name} = {symbols[symbol]};' for name, symbol in (
        ('kMapStub', 'map_stub'), ('kMapStubLiterals', 'map_stub_literals'), ('kMapStubEnd', 'map_stub_end')))
    text = ('// Made by native/capture/payload/build.py.\n#pragma once\n#include <cstddef>\n#include <cstdint>\n'
            'namespace prof::payload {\n' + numbers + '\n'
            'inline constexpr uint8_t kCode[] = {\n' + ',\n'.join(rows) + '};\n}\n')
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with open(output, 'w') as file:
        file.write(text)


main(sys.argv[1])
