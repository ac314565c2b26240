/** For whom a PKCS#10 request (RFC 2986) asks: the names in its subject. Pure. */
import { type DerElement, readDer, readDerSequence, readOid } from "../../resources/certificates/der.ts";
import { pemBlocks } from "../../resources/certificates/pem.ts";

export interface RequestSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";
const BMP_STRING = 0x1e;

function textOf(bytes: Buffer, { tag, start, end }: DerElement): string {
  const content = bytes.subarray(start, end);
  return tag === BMP_STRING ? Buffer.from(content).swap16().toString("utf16le") : content.toString("utf8");
}

/** Pairs of object identifier and text. */
function attributesOf(bytes: Buffer, name: DerElement): [string, string][] {
  return readDerSequence(bytes, name)
    .flatMap((set) => readDerSequence(bytes, set))
    .map((attribute) => {
      const [type, value] = readDerSequence(bytes, attribute);
      if (type === undefined || value === undefined) throw new Error("structure error: attribute without a value");
      return [readOid(bytes, type), textOf(bytes, value)];
    });
}

/** `base64` is `spec.request`: a PEM block. Throws for what is no request. */
export function requestSubject(base64: string): RequestSubject {
  const [block] = pemBlocks(Buffer.from(base64, "base64").toString("latin1"));
  if (block?.type !== "CERTIFICATE REQUEST") throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const [info] = readDerSequence(block.bytes, readDer(block.bytes, 0));
  const [, subject] = info === undefined ? [] : readDerSequence(block.bytes, info);
  if (subject === undefined) throw new Error("structure error: request without a subject");
  const attributes = attributesOf(block.bytes, subject);
  const valuesOf = (wanted: string): string[] => attributes.flatMap(([type, text]) => (type === wanted ? [text] : []));
  return { commonName: valuesOf(COMMON_NAME).at(-1) ?? "", organizations: valuesOf(ORGANIZATION) };
}
