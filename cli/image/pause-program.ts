/**
 * The program of the pause image, made on the spot: a static ELF of some 200 bytes, so that no machine needs a C
 * compiler or a registry for it. It holds a pod's namespaces open, ends at SIGTERM or SIGINT and, as process 1 of a
 * shared process namespace, lets the kernel reap its children (SIGCHLD ignored).
 *
 *   rt_sigaction(SIGCHLD, {SIG_IGN}, NULL, 8)
 *   rt_sigprocmask(SIG_BLOCK, {SIGINT, SIGTERM}, NULL, 8)   a blocked signal waits even for process 1
 *   while (rt_sigtimedwait({SIGINT, SIGTERM}, NULL, NULL, 8) < 0) {}
 *   exit(0)
 */

export type Architecture = "amd64" | "arm64";

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CODE_OFFSET = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
const LOAD_ADDRESS = 0x400000n;

const SIGINT = 2;
const SIGTERM = 15;
const SIGCHLD = 17;
const SIG_IGN = 1n;

/** Data behind the code: a kernel `struct sigaction` (handler, flags, restorer, mask), then the signal set. */
function data(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeBigUInt64LE(SIG_IGN, 0);
  bytes.writeBigUInt64LE((1n << BigInt(SIGINT - 1)) | (1n << BigInt(SIGTERM - 1)), 32);
  return bytes;
}
const SIGNAL_SET_OFFSET = 32;

/** x86-64. `lea` is relative to the instruction after it. */
function amd64Code(): Buffer {
  const CODE_BYTES = 88;
  const mov = (opcode: number[], value: number): number[] => [...opcode, value, 0, 0, 0];
  const [eax, edi, r10d] = [[0xb8], [0xbf], [0x41, 0xba]];
  const [xorEdi, xorEsi, xorEdx, syscall] = [
    [0x31, 0xff],
    [0x31, 0xf6],
    [0x31, 0xd2],
    [0x0f, 0x05],
  ];
  const code: number[] = [];
  const put = (...parts: number[][]): void => parts.forEach((part) => code.push(...part));
  const lea = (opcode: number[], dataOffset: number): void => {
    const displacement = CODE_BYTES + dataOffset - (code.length + 7);
    put(opcode, [displacement, 0, 0, 0]);
  };
  const [leaRsi, leaRdi] = [
    [0x48, 0x8d, 0x35],
    [0x48, 0x8d, 0x3d],
  ];
  put(mov(eax, 13), mov(edi, SIGCHLD));
  lea(leaRsi, 0);
  put(xorEdx, mov(r10d, 8), syscall);
  put(mov(eax, 14), xorEdi);
  lea(leaRsi, SIGNAL_SET_OFFSET);
  put(xorEdx, mov(r10d, 8), syscall);
  const loop = code.length;
  put(mov(eax, 128));
  lea(leaRdi, SIGNAL_SET_OFFSET);
  put(xorEsi, xorEdx, mov(r10d, 8), syscall, [0x85, 0xc0]);
  put([0x78, (loop - (code.length + 2)) & 0xff]);
  put(mov(eax, 60), xorEdi, syscall);
  if (code.length !== CODE_BYTES) throw new Error("the pause program is not as long as its data references say");
  return Buffer.from(code);
}

/** AArch64: every instruction is one little-endian word. */
function arm64Code(): Buffer {
  const INSTRUCTIONS = 22;
  const words: number[] = [];
  const mov = (register: number, value: number): void => void words.push(0xd2800000 + (value << 5) + register);
  const adr = (register: number, dataOffset: number): void => {
    const distance = (INSTRUCTIONS - words.length) * 4 + dataOffset;
    words.push(0x10000000 + (distance & 3) * 2 ** 29 + ((distance >> 2) << 5) + register);
  };
  const svc = (): void => void words.push(0xd4000001);
  mov(8, 134);
  mov(0, SIGCHLD);
  adr(1, 0);
  mov(2, 0);
  mov(3, 8);
  svc();
  mov(8, 135);
  mov(0, 0);
  adr(1, SIGNAL_SET_OFFSET);
  mov(2, 0);
  mov(3, 8);
  svc();
  const loop = words.length;
  mov(8, 137);
  adr(0, SIGNAL_SET_OFFSET);
  mov(1, 0);
  mov(2, 0);
  mov(3, 8);
  svc();
  words.push(0xb7f80000 + (((loop - words.length) & 0x3fff) << 5)); // tbnz x0, #63, loop
  words.push(0xd2800ba8, 0xd2800000, 0xd4000001); // exit(0)
  if (words.length !== INSTRUCTIONS) throw new Error("the pause program is not as long as its data references say");
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => code.writeUInt32LE(word, index * 4));
  return code;
}

function elfHeader(machine: number, fileBytes: number): Buffer {
  const header = Buffer.alloc(CODE_OFFSET);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(LOAD_ADDRESS + BigInt(CODE_OFFSET), 24); // entry
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // program headers
  header.writeUInt16LE(ELF_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(5, 68); // readable, executable
  header.writeBigUInt64LE(LOAD_ADDRESS, 80);
  header.writeBigUInt64LE(LOAD_ADDRESS, 88);
  header.writeBigUInt64LE(BigInt(fileBytes), 96);
  header.writeBigUInt64LE(BigInt(fileBytes), 104);
  header.writeBigUInt64LE(0x10000n, 112);
  return header;
}

/** The executable for one architecture. */
export function pauseProgram(architecture: Architecture): Buffer {
  const EM_X86_64 = 62;
  const EM_AARCH64 = 183;
  const code = architecture === "amd64" ? amd64Code() : arm64Code();
  const body = Buffer.concat([code, data()]);
  const machine = architecture === "amd64" ? EM_X86_64 : EM_AARCH64;
  return Buffer.concat([elfHeader(machine, CODE_OFFSET + body.length), body]);
}
