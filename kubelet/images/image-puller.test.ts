import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod, Secret } from "../../shared/api/generated/core/v1.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { aPod } from "../../test/support/pod-builders.ts";
import type { RegistryCredentials, RuntimeImage } from "../runtime/runtime.ts";
import { RuntimeCallError } from "../runtime/runtime-error.ts";
import { ImagePuller, pullDuration } from "./image-puller.ts";
import { PulledImages } from "./pulled-images.ts";
import type { PullLimits } from "./pull-queue.ts";

const IMAGE = "reg.example/app:1";
const NOBODY = new AbortController().signal;

/** A runtime whose registry asks for a password, or fails. */
class Registry {
  readonly present = new Map<string, RuntimeImage>();
  readonly asked: (string | undefined)[] = [];
  password: string | undefined;
  failure: string | undefined;

  add(name: string): void {
    const image = { id: `sha256:${name}`, tags: [name], digests: [], sizeBytes: 42, uid: undefined, username: "" };
    this.present.set(name, image).set(image.id, image);
  }

  listImages = async (): Promise<readonly RuntimeImage[]> => [...this.present.values()];
  imageStatus = async (name: string): Promise<RuntimeImage | undefined> => this.present.get(name);
  pullImage = async (name: string, credentials: RegistryCredentials | undefined): Promise<string> => {
    this.asked.push(credentials?.password);
    if (this.failure !== undefined) throw new RuntimeCallError("other", this.failure);
    if (this.password !== credentials?.password) throw new RuntimeCallError("other", `denied ${credentials?.password}`);
    this.add(name);
    return `sha256:${name}`;
  };
}

const secretOf = (password: string, server = "reg.example"): Secret => ({
  metadata: { name: `s-${password}`, namespace: "default", uid: `uid-${password}` },
  type: "kubernetes.io/dockerconfigjson",
  data: {
    ".dockerconfigjson": Buffer.from(JSON.stringify({ auths: { [server]: { username: "u", password } } })).toString(
      "base64",
    ),
  },
});

const NO_LIMITS: PullLimits = { parallelMax: 0, qps: 0, burst: 0 };

describe("ImagePuller", () => {
  let folder: string;
  let registry: Registry;
  let clock: ManualClock;
  let told: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubernode-puller-"));
    registry = new Registry();
    clock = new ManualClock();
    told = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const pullerWith = (secrets: readonly Secret[] = [], limits: PullLimits = NO_LIMITS): ImagePuller =>
    new ImagePuller({
      runtime: registry,
      clock,
      limits,
      pulled: new PulledImages(folder),
      secrets: async () => secrets,
    });
  const tell = (_type: string, reason: string, message: string): void => void told.push(`${reason}: ${message}`);
  const ensure = (puller: ImagePuller, imagePullPolicy = "IfNotPresent", image = IMAGE, pod: Pod = aPod()) =>
    puller.ensure(pod, { image, imagePullPolicy }, tell, NOBODY);

  it("takes what is there, and pulls always when it is to", async () => {
    registry.add(IMAGE);
    const puller = pullerWith();
    expect((await ensure(puller)).ref).toBe(`sha256:${IMAGE}`);
    expect(registry.asked).toEqual([]);
    await ensure(puller, "Always");
    expect(registry.asked).toEqual([undefined]);
    expect(told).toEqual([
      `Pulled: Container image "${IMAGE}" already present on machine and can be accessed by the pod`,
      `Pulling: Pulling image "${IMAGE}"`,
      `Pulled: Successfully pulled image "${IMAGE}" in 0s (0s including waiting). Image size: 42 bytes.`,
    ]);
  });

  it("never pulls when it must not", async () => {
    await expect(ensure(pullerWith(), "Never")).rejects.toMatchObject({
      reason: "ErrImageNeverPull",
      message: `Container image "${IMAGE}" is not present with pull policy of Never`,
    });
  });

  it("says what is wrong with a name", async () => {
    const message =
      'Failed to apply default image tag "FAILED": couldn\'t parse image name "FAILED": invalid reference format: repository name (library/FAILED) must be lowercase';
    await expect(ensure(pullerWith(), "Always", "FAILED")).rejects.toMatchObject({
      reason: "InvalidImageName",
      message,
    });
    expect(told).toEqual([`InspectFailed: ${message}`]);
  });

  it("backs off after a failure, says why, and heals", async () => {
    const puller = pullerWith();
    registry.failure = "not found";
    await expect(ensure(puller)).rejects.toMatchObject({ reason: "ErrImagePull", message: "not found" });
    await expect(ensure(puller)).rejects.toMatchObject({
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${IMAGE}": ErrImagePull: not found`,
    });
    expect(puller.remainingMs(aPod(), IMAGE)).toBe(10_000);
    await clock.advance(10_000);
    await expect(ensure(puller)).rejects.toMatchObject({ reason: "ErrImagePull" });
    expect(puller.remainingMs(aPod(), IMAGE)).toBe(20_000);
    registry.failure = undefined;
    await clock.advance(20_000);
    await ensure(puller);
    expect(puller.remainingMs(aPod(), IMAGE)).toBe(0);
    expect(told).toContain(`Failed: Failed to pull image "${IMAGE}": not found`);
    expect(told).toContain(`BackOff: Back-off pulling image "${IMAGE}"`);
  });

  it.each([
    ["RegistryUnavailable", "the registry is unavailable"],
    ["SignatureValidationFailed", "the signature validation failed"],
  ])("names the failure %s", async (reason, words) => {
    registry.failure = `${reason}: because`;
    await expect(ensure(pullerWith())).rejects.toMatchObject({
      reason,
      message: `image pull failed for ${IMAGE} because ${words}: because`,
    });
  });

  it("tries every secret, and tells all failures", async () => {
    registry.password = "b";
    const secrets = [secretOf("a"), secretOf("b"), secretOf("x", "other.example")];
    await ensure(pullerWith(secrets));
    expect(registry.asked).toEqual(["a", "b"]);
    registry.password = "c";
    await expect(ensure(pullerWith(secrets), "Always")).rejects.toMatchObject({ message: "[denied a, denied b]" });
  });

  it("gives an image that a secret got only to who has it, also after a restart", async () => {
    registry.password = "a";
    await ensure(pullerWith([secretOf("a")]));
    await ensure(pullerWith([secretOf("a")]), "Never");
    expect(registry.asked).toEqual(["a"]);
    for (const secrets of [[], [secretOf("b")]])
      await expect(ensure(pullerWith(secrets), "Never")).rejects.toMatchObject({ reason: "ErrImageNeverPull" });
    await expect(ensure(pullerWith([secretOf("b")]))).rejects.toMatchObject({ reason: "ErrImagePull" });
    const rotated = { ...secretOf("new"), metadata: secretOf("a").metadata };
    await ensure(pullerWith([rotated]), "Never");
    registry.password = undefined;
    await ensure(pullerWith(), "Always");
    await ensure(pullerWith(), "Never");
  });

  it("leaves an image that was there before to everybody, when it is pulled by another name", async () => {
    registry.add("kubernode.test/preloaded:1");
    registry.pullImage = async (name) => {
      const image = { id: "sha256:kubernode.test/preloaded:1", tags: ["kubernode.test/preloaded:1", name] };
      const known = { ...image, digests: [], sizeBytes: 1, uid: undefined, username: "" };
      registry.present.set(name, known).set(known.id, known);
      return known.id;
    };
    await ensure(pullerWith([secretOf("a")]));
    await ensure(pullerWith(), "Never", "kubernode.test/preloaded:1");
    await expect(ensure(pullerWith(), "Never")).rejects.toMatchObject({ reason: "ErrImageNeverPull" });
  });

  it("gives to nobody what came just before a crash", async () => {
    registry.password = "a";
    registry.pullImage = async (name) => {
      registry.add(name);
      return new Promise(() => undefined);
    };
    void ensure(pullerWith([secretOf("a")])).catch(() => undefined);
    while (!registry.present.has(IMAGE)) await new Promise((resolve) => setImmediate(resolve));
    await expect(ensure(pullerWith(), "Never")).rejects.toMatchObject({ reason: "ErrImageNeverPull" });
    registry.pullImage = async (name) => `sha256:${name}`;
    await ensure(pullerWith([secretOf("a")]));
    await ensure(pullerWith([secretOf("a")]), "Never");
    await expect(ensure(pullerWith(), "Never")).rejects.toMatchObject({ reason: "ErrImageNeverPull" });
  });

  it("trusts nobody when its records are damaged, and forgets those of images that are gone", async () => {
    await ensure(pullerWith());
    const records = join(folder, "image_manager", "pulled");
    const [file = ""] = readdirSync(records);
    writeFileSync(join(records, file), "{");
    await expect(ensure(pullerWith(), "Never")).rejects.toMatchObject({ reason: "ErrImageNeverPull" });
    registry.present.clear();
    registry.add("other");
    await ensure(pullerWith(), "Never", "other").catch(() => undefined);
    registry.add("reg.example/other:1");
    await ensure(pullerWith(), "Never", "reg.example/other:1");
    expect(readdirSync(records)).toEqual([]);
  });

  it("pulls one after the other when told so, in the order of asking", async () => {
    const puller = pullerWith([], { ...NO_LIMITS, parallelMax: 1 });
    const gates: (() => void)[] = [];
    const started: string[] = [];
    registry.pullImage = async (name) => {
      started.push(name);
      await new Promise<void>((resolve) => gates.push(resolve));
      registry.add(name);
      return `sha256:${name}`;
    };
    const pulls = ["a/a:1", "b/b:1", "c/c:1"].map((image) => ensure(puller, "Always", image));
    for (const count of [1, 2, 3]) {
      while (gates.length < count) await new Promise((resolve) => setImmediate(resolve));
      expect(started).toHaveLength(count);
      gates[count - 1]?.();
    }
    await Promise.all(pulls);
    expect(started).toEqual(["a/a:1", "b/b:1", "c/c:1"]);
  });

  it("starts no more pulls per second than allowed", async () => {
    const puller = pullerWith([], { parallelMax: 0, qps: 1, burst: 2 });
    await ensure(puller, "Always", "a/a:1");
    await ensure(puller, "Always", "b/b:1");
    await expect(ensure(puller, "Always", "c/c:1")).rejects.toMatchObject({
      reason: "ErrImagePull",
      message: "pull QPS exceeded",
    });
    await clock.advance(10_000);
    await ensure(puller, "Always", "c/c:1");
  });

  it("forgets a pull that nobody wants any more", async () => {
    const puller = pullerWith([], { ...NO_LIMITS, parallelMax: 1 });
    let release = (): void => undefined;
    registry.pullImage = async (name) => {
      registry.asked.push(name);
      await new Promise<void>((resolve) => (release = resolve));
      return `sha256:${name}`;
    };
    const first = ensure(puller, "Always", "a/a:1");
    while (registry.asked.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const unwanted = new AbortController();
    const second = puller.ensure(aPod(), { image: "b/b:1", imagePullPolicy: "Always" }, tell, unwanted.signal);
    while (!told.includes('Pulling: Pulling image "b/b:1"')) await new Promise((resolve) => setImmediate(resolve));
    unwanted.abort();
    await expect(second).rejects.toMatchObject({ failure: "cancelled" });
    release();
    await first;
    expect(registry.asked).toEqual(["a/a:1"]);
  });
});

describe("pullDuration", () => {
  it.each([
    [0, "0s"],
    [250.9, "250ms"],
    [1500, "1.5s"],
    [60_004, "1m0.004s"],
    [3_600_000, "1h0m0s"],
  ])("%d ms is %s", (ms, text) => expect(pullDuration(ms)).toBe(text));
});
