/** Tar archives (ustar), as much of them as OCI images need: written deterministically, listed without unpacking. */

export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  /** A file when given; a directory or a link otherwise. */
  readonly content?: Uint8Array;
  readonly linkTo?: string;
}

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;

function typeFlag(entry: TarEntry): string {
  if (entry.linkTo !== undefined) return "2";
  return entry.content === undefined ? "5" : "0";
}

function header(entry: TarEntry): Buffer {
  if (Buffer.byteLength(entry.path) > NAME_BYTES_MAX) throw new Error(`path too long for a tar header: ${entry.path}`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;
  block.write(entry.path, 0);
  block.write(octal(entry.mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(entry.content?.length ?? 0, 12), 124);
  block.write(octal(0, 12), 136);
  block.write("        ", 148);
  block.write(typeFlag(entry), 156);
  block.write(entry.linkTo ?? "", 157);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** All owners are root and all times zero, so the same entries give the same bytes. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.content === undefined) continue;
    parts.push(entry.content, Buffer.alloc((BLOCK_BYTES - (entry.content.length % BLOCK_BYTES)) % BLOCK_BYTES));
  }
  parts.push(Buffer.alloc(2 * BLOCK_BYTES));
  return Buffer.concat(parts);
}

/** Where to read from: `read(position, length)` gives fewer bytes only at the end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

export interface TarMember {
  readonly path: string;
  readonly size: number;
  readonly position: number;
}

const textDecoder = new TextDecoder();
const field = (block: Uint8Array, from: number, to: number): string =>
  textDecoder.decode(block.subarray(from, to)).replace(/\0.*$/s, "");

/** True when the checksum of a header block is right: how one tells a tar archive from anything else. */
function isHeader(block: Uint8Array): boolean {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  return block.length === BLOCK_BYTES && sum === Number.parseInt(field(block, 148, 156).trim(), 8);
}

/** Lists the members of an archive, or gives nothing when it is not one. */
export async function listTar(read: ReadAt): Promise<TarMember[] | undefined> {
  const members: TarMember[] = [];
  for (let position = 0; ; ) {
    const block = await read(position, BLOCK_BYTES);
    if (block.length === 0 || block.every((byte) => byte === 0)) return members.length === 0 ? undefined : members;
    if (!isHeader(block)) return undefined;
    const size = Number.parseInt(field(block, 124, 136).trim() || "0", 8);
    const prefix = field(block, 257, 262) === "ustar" ? field(block, 345, 500) : "";
    const name = field(block, 0, 100);
    members.push({ path: prefix === "" ? name : `${prefix}/${name}`, size, position: position + BLOCK_BYTES });
    position += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}
