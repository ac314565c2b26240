/** PEM (RFC 7468, with the headers of RFC 1421 noticed): the blocks of a text, in order; what is around them is skipped. */

export interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
}

const BEGIN = "-----BEGIN ";
const END = "\n-----END ";
const DASHES = "-----";
const HEADER = /^[^\s:]+:.*$/gmu;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;

/** One pass over the text: what begins and never ends is not looked at twice. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let at = nextBegin(text, 0); at >= 0; ) {
    const typeStart = at + BEGIN.length;
    const lineEnd = text.indexOf("\n", typeStart);
    const end = text.indexOf(END, typeStart);
    if (lineEnd < 0 || end < 0) break;
    const beginLine = text.slice(typeStart, lineEnd).trimEnd();
    const endLine = text.slice(end + END.length, lineEndAfter(text, end + END.length)).trimEnd();
    if (beginLine.endsWith(DASHES) && endLine === beginLine) {
      const block = readBlock(beginLine.slice(0, -DASHES.length), text.slice(lineEnd, end));
      if (block !== undefined) blocks.push(block);
      at = nextBegin(text, end + END.length);
    } else at = nextBegin(text, lineEnd);
  }
  return blocks;
}

/** Where the next line begins that opens a block. */
function nextBegin(text: string, from: number): number {
  if (from === 0 && text.startsWith(BEGIN)) return 0;
  const found = text.indexOf(`\n${BEGIN}`, from);
  return found < 0 ? -1 : found + 1;
}

function lineEndAfter(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function readBlock(type: string, body: string): PemBlock | undefined {
  const hasHeaders = body.search(HEADER) >= 0;
  const base64 = body.replaceAll(HEADER, "").replaceAll(/\s/gu, "");
  return BASE64.test(base64) ? { type, hasHeaders, bytes: Buffer.from(base64, "base64") } : undefined;
}
