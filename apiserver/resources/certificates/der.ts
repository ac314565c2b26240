/** The little of DER (X.690) that a certificate request needs: elements with definite lengths, and their children. */

export interface DerElement {
  readonly tag: number;
  /** Where the tag is, where the content begins, and where it ends. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

const CONSTRUCTED = 0x20;
const OBJECT_IDENTIFIER = 0x06;
const LONG_FORM = 0x80;
const LENGTH_BYTES_MAX = 4;
/** No request has a sequence of more. */
const CHILDREN_MAX = 1000;

/** Throws when there is no whole element at that place. */
export function readDer(bytes: Buffer, offset: number): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new Error("syntax error: data truncated");
  const lengthBytes = first < LONG_FORM ? 0 : first - LONG_FORM;
  if (lengthBytes > LENGTH_BYTES_MAX || first === LONG_FORM) throw new Error("structure error: length too large");
  const start = offset + 2 + lengthBytes;
  if (start > bytes.length) throw new Error("syntax error: data truncated");
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes);
  if (start + length > bytes.length) throw new Error("syntax error: data truncated");
  return { tag, offset, start, end: start + length };
}

/** The elements inside a constructed one. */
export function readDerSequence(bytes: Buffer, parent: DerElement): DerElement[] {
  if ((parent.tag & CONSTRUCTED) === 0) throw new Error("structure error: tags don't match");
  const children: DerElement[] = [];
  for (let at = parent.start; at < parent.end; ) {
    const child = readDer(bytes, at);
    if (child.end > parent.end || children.length >= CHILDREN_MAX) throw new Error("syntax error: invalid boundaries");
    children.push(child);
    at = child.end;
  }
  return children;
}

/** `1.2.840.113549.1.1.11`. */
export function readOid(bytes: Buffer, element: DerElement): string {
  if (element.tag !== OBJECT_IDENTIFIER || element.start === element.end)
    throw new Error("structure error: not an object identifier");
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes.subarray(element.start, element.end)) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(Math.floor(value / 40), 2), value - 40 * Math.min(Math.floor(value / 40), 2));
    else numbers.push(value);
    value = 0;
  }
  return numbers.join(".");
}
