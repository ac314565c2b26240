/**
 * OCI archives for a Docker Engine that only reads its own form (before 25): that form is one more file,
 * `manifest.json`, which may name the blobs where they are. So the archive stays as it is, and gets that file.
 */
import { UserError } from "../user-error.ts";
import type { ReadAt, TarMember } from "../image/tar.ts";

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture?: string };
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Index {
  readonly manifests: readonly Descriptor[];
}

export interface DockerManifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

const JSON_BYTES_MAX = 16 * 1024 * 1024;
/** Name of images that only have a tag, as for containerd. */
const BASE_NAME = "imported";
const INDEXES_DEPTH_MAX = 4;

class OciLayout {
  readonly #read: ReadAt;
  readonly #members: ReadonlyMap<string, TarMember>;

  constructor(read: ReadAt, members: readonly TarMember[]) {
    this.#read = read;
    this.#members = new Map(members.map((member) => [member.path.replace(/^\.\//, ""), member]));
  }

  async json<T>(path: string): Promise<T> {
    const member = this.#members.get(path);
    if (member === undefined) throw new UserError(`The archive has no ${path}, which its index names.`);
    if (member.size > JSON_BYTES_MAX) throw new UserError(`The archive's ${path} is too large.`);
    const bytes = await this.#read(member.position, member.size);
    try {
      return JSON.parse(Buffer.from(bytes).toString("utf8")) as T;
    } catch {
      throw new UserError(`The archive's ${path} is no JSON.`);
    }
  }

  blobPath({ digest }: Descriptor): string {
    const [algorithm = "", hex = ""] = digest.split(":");
    const path = `blobs/${algorithm}/${hex}`;
    if (!this.#members.has(path)) throw new UserError(`The archive does not hold ${digest}, which it names.`);
    return path;
  }
}

/** What `manifest.json` has to say of an OCI layout; images of other architectures are left out. */
export async function dockerManifest(
  read: ReadAt,
  members: readonly TarMember[],
  architecture: string,
): Promise<DockerManifest[]> {
  const layout = new OciLayout(read, members);
  const index = await layout.json<Index>("index.json");
  const images = await imagesOf(layout, index, architecture, []);
  if (images.length === 0) throw new UserError(`The archive has no image for ${architecture}.`);
  return images;
}

async function imagesOf(
  layout: OciLayout,
  { manifests }: Index,
  architecture: string,
  tags: readonly string[],
  depth = 0,
): Promise<DockerManifest[]> {
  if (depth > INDEXES_DEPTH_MAX) throw new UserError("The archive's indexes are nested too deeply.");
  const images: DockerManifest[] = [];
  for (const descriptor of manifests) {
    if ((descriptor.platform?.architecture ?? architecture) !== architecture) continue;
    const own = [...tags, ...tagsOf(descriptor)];
    const content = await layout.json<Partial<Manifest & Index>>(layout.blobPath(descriptor));
    if (content.manifests !== undefined) {
      images.push(...(await imagesOf(layout, { manifests: content.manifests }, architecture, own, depth + 1)));
    } else if (content.config !== undefined && content.layers !== undefined) {
      images.push(imageOf(layout, { config: content.config, layers: content.layers }, own));
    }
  }
  return images;
}

function imageOf(layout: OciLayout, { config, layers }: Manifest, tags: readonly string[]): DockerManifest {
  const zstd = layers.find(({ mediaType }) => mediaType?.endsWith("+zstd") === true);
  if (zstd !== undefined) {
    throw new UserError("The Docker Engine does not read layers that are compressed with zstd.", "Export with gzip.");
  }
  return {
    Config: layout.blobPath(config),
    RepoTags: [...new Set(tags)],
    Layers: layers.map((layer) => layout.blobPath(layer)),
  };
}

function tagsOf({ annotations = {} }: Descriptor): string[] {
  const full = annotations["io.containerd.image.name"];
  const reference = full ?? annotations["org.opencontainers.image.ref.name"];
  if (reference === undefined || reference === "" || reference.includes("@")) return [];
  const hasTag = reference.lastIndexOf(":") > reference.lastIndexOf("/");
  if (hasTag) return [reference];
  return full === undefined && !reference.includes("/") ? [`${BASE_NAME}:${reference}`] : [`${reference}:latest`];
}
