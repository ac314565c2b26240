/** References to images: pure. Upstream: `pkg/util/parsers`, the grammar of `distribution/reference`. */

export interface ImageName {
  /** As it was asked for; with the tag `latest` when it has neither tag nor digest. */
  readonly tagged: string;
  /** Registry and path, for example `docker.io/library/busybox`. */
  readonly repository: string;
}

const DEFAULT_REGISTRY = "docker.io";
const NAME_CHARS_MAX = 255;

const HOST = String.raw`(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
const PATH_PART = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const TAG = String.raw`[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`;
const DIGEST = String.raw`[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}`;
const REFERENCE = new RegExp(`^(${HOST}/${PATH_PART}(?:/${PATH_PART})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
/** A reference cannot be longer; what is, is not even looked at. */
const REFERENCE_CHARS_MAX = 1024;

/** Splits off the registry, as Docker does: a first part without dot or port is a folder of Docker Hub. */
function withRegistry(text: string): string {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  if (slash >= 0 && isHost && first !== "index.docker.io" && first !== DEFAULT_REGISTRY) return text;
  const path = slash >= 0 && isHost ? text.slice(slash + 1) : text;
  return `${DEFAULT_REGISTRY}/${path.includes("/") ? path : `library/${path}`}`;
}

function problemOf(text: string, full: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(text))
    return `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`;
  const path = full.slice(full.indexOf("/") + 1);
  const repository = /^[^:@]*/.exec(path)?.[0] ?? "";
  if (full.length <= REFERENCE_CHARS_MAX && repository.toLowerCase() !== repository)
    return `invalid reference format: repository name (${repository}) must be lowercase`;
  const match = full.length > REFERENCE_CHARS_MAX ? null : REFERENCE.exec(full);
  if (match === null) return "invalid reference format";
  if ((match[1] ?? "").length > NAME_CHARS_MAX)
    return `repository name must not be more than ${NAME_CHARS_MAX} characters`;
  return undefined;
}

/** Throws what upstream says of a text that names no image. */
export function parseImageName(text: string): ImageName {
  const full = withRegistry(text);
  const problem = problemOf(text, full);
  if (problem !== undefined) throw new Error(`couldn't parse image name ${JSON.stringify(text)}: ${problem}`);
  const [, repository = "", tag, digest] = REFERENCE.exec(full) ?? [];
  return { repository, tagged: tag === undefined && digest === undefined ? `${text}:latest` : text };
}
