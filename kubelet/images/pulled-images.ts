/**
 * With whose credentials images came to this node: a pod that may not pull an image must not get it just because
 * another pod could. One file per image, so that a restart forgets nothing. Upstream: `pkg/kubelet/images/pullmanager`
 * (KEP-2535) with the policy `NeverVerifyPreloadedImages`.
 *
 * P1. An image without a record was there before: every pod may use it, also when it is pulled by another name later.
 * P2. What was pulled without credentials is everybody's; what was pulled with a secret belongs to pods that bring the
 *     same secret, or another one that says the same.
 * P3. A pull is written down before it begins: what it brought before a crash is nobody's until somebody pulls it again.
 */
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasErrorCode } from "../volumes/error-code.ts";
import type { ImageName } from "./image-name.ts";
import type { PullCredential } from "./keyring.ts";

interface SecretRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly credentialHash: string;
}

interface Access {
  readonly nodePodsAccessible?: boolean;
  readonly kubernetesSecrets?: readonly SecretRecord[];
}

interface PulledRecord {
  readonly imageRef: string;
  /** By registry and path. */
  readonly credentialMapping: Readonly<Record<string, Access>>;
}

/** Secrets remembered per image; the oldest are forgotten, and their pods pull once more. */
const SECRETS_MAX = 100;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export class PulledImages {
  readonly #folder: string;
  readonly #intents: string;
  /** Pulls of the same image under way. */
  readonly #underWay = new Map<string, number>();

  constructor(rootDir: string) {
    this.#folder = join(rootDir, "image_manager", "pulled");
    this.#intents = join(rootDir, "image_manager", "pulling");
  }

  /** Runs a pull of `image`, which says with `remember` what it brought (P3). */
  async during<T>(image: string, pull: () => Promise<T>): Promise<T> {
    const file = join(this.#intents, sha256(image));
    this.#underWay.set(image, (this.#underWay.get(image) ?? 0) + 1);
    try {
      await mkdir(this.#intents, { recursive: true, mode: 0o700 });
      await writeFile(file, JSON.stringify({ image }), { mode: 0o600 });
      return await pull();
    } finally {
      const left = (this.#underWay.get(image) ?? 1) - 1;
      if (left > 0) this.#underWay.set(image, left);
      else {
        this.#underWay.delete(image);
        await rm(file, { force: true });
      }
    }
  }

  /** Whether a pod with these credentials may use the image that is already there. */
  async mayUse(
    imageRef: string,
    { tagged, repository }: ImageName,
    credentials: () => Promise<readonly PullCredential[]>,
  ): Promise<boolean> {
    const record = await this.#read(imageRef);
    if (record === undefined) return !(await this.#isIntended(tagged));
    const granted = Object.hasOwn(record.credentialMapping, repository)
      ? record.credentialMapping[repository]
      : undefined;
    if (granted?.nodePodsAccessible === true) return true;
    const known = granted?.kubernetesSecrets ?? [];
    if (known.length === 0) return false;
    const own = (await credentials()).map(secretRecord);
    return own.some((secret) => known.some((other) => isSame(secret, other)));
  }

  /**
   * The image was just pulled; without a credential every pod could have done it. `names` are all that it has now,
   * registry and path.
   */
  async remember(
    imageRef: string,
    repository: string,
    names: readonly string[],
    credential: PullCredential | undefined,
  ): Promise<void> {
    const before = await this.#read(imageRef);
    const known = before?.credentialMapping ?? preloaded(names.filter((name) => name !== repository));
    const granted = Object.hasOwn(known, repository) ? known[repository] : undefined;
    const after = credential === undefined ? { nodePodsAccessible: true } : withSecret(granted, credential);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#file(imageRef);
    const draft = `${file}.${sha256(repository).slice(0, 8)}.tmp`;
    const record: PulledRecord = { imageRef, credentialMapping: { ...known, [repository]: after } };
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await rename(draft, file);
  }

  /** Forgets images that are no longer there. */
  async prune(imageRefs: readonly string[]): Promise<void> {
    const kept = new Set(imageRefs.map((ref) => sha256(ref)));
    for (const name of await readdir(this.#folder).catch(() => []))
      if (!kept.has(name)) await rm(join(this.#folder, name), { force: true });
  }

  async #isIntended(image: string): Promise<boolean> {
    try {
      await access(join(this.#intents, sha256(image)));
      return true;
    } catch {
      return false;
    }
  }

  #file(imageRef: string): string {
    return join(this.#folder, sha256(imageRef));
  }

  async #read(imageRef: string): Promise<PulledRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#file(imageRef), "utf8")) as PulledRecord;
    } catch (error) {
      if (hasErrorCode(error, "ENOENT")) return undefined;
      // Damaged: nobody may use it without asking the registry.
      return { imageRef, credentialMapping: {} };
    }
  }
}

function preloaded(names: readonly string[]): Record<string, Access> {
  return Object.fromEntries(names.map((name) => [name, { nodePodsAccessible: true }]));
}

function secretRecord({ secret, credentials }: PullCredential): SecretRecord {
  return { ...secret, credentialHash: sha256(JSON.stringify([credentials.username, credentials.password])) };
}

/** A secret whose content changed is still the one that was trusted. */
function isSame(a: SecretRecord, b: SecretRecord): boolean {
  if (a.credentialHash === b.credentialHash) return true;
  return a.uid !== "" && a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;
}

function withSecret(granted: Access | undefined, credential: PullCredential): Access {
  if (granted?.nodePodsAccessible === true) return granted;
  const own = secretRecord(credential);
  const others = (granted?.kubernetesSecrets ?? []).filter((other) => !isSame(other, own));
  return { kubernetesSecrets: [...others, own].slice(-SECRETS_MAX) };
}
