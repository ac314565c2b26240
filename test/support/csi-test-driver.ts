/**
 * A CSI driver for tests, on sockets of its own: every volume is a file system in memory, every raw one a loop device.
 * It remembers what it was asked, and refuses what it is told to refuse.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CsiError } from "../../shared/csi/csi-error.ts";
import { type CsiHandlers, type CsiServer, serveCsi, serveRegistration } from "../../shared/csi/csi-server.ts";
import type { CsiMethod, CsiRequest, RegistrationStatus } from "../../shared/csi/csi-wire.ts";

export interface CsiCall {
  readonly method: CsiMethod;
  readonly request: Readonly<Record<string, unknown>>;
}

const CAPABILITIES = ["STAGE_UNSTAGE_VOLUME", "EXPAND_VOLUME"];

const isMounted = (path: string): boolean =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === path);

const mount = (...args: string[]): void => void execFileSync("mount", args, { stdio: "pipe" });

export class CsiTestDriver {
  readonly name: string;
  /** In the order in which they came; questions about the driver itself left out. */
  readonly calls: CsiCall[] = [];
  /** What the kubelet said of the registration, the last word last. */
  readonly told: RegistrationStatus[] = [];
  /** Methods that fail for now, and with what. */
  readonly refused = new Map<CsiMethod, CsiError>();
  readonly #folder: string;
  readonly #registry: string;
  /** A block device of this machine that raw volumes lead to. */
  readonly #device: string;
  #servers: CsiServer[] = [];

  constructor(name: string, folder: string, registry: string, device: string) {
    this.name = name;
    this.#folder = folder;
    this.#registry = registry;
    this.#device = device;
  }

  get registrationSocket(): string {
    return join(this.#registry, `${this.name}-reg.sock`);
  }

  async start(versions: readonly string[] = ["1.9.0"]): Promise<void> {
    const endpoint = join(this.#folder, `${this.name}.sock`);
    const info = { type: "CSIPlugin", name: this.name, endpoint, supportedVersions: versions };
    this.#servers = [
      await serveCsi(endpoint, this.#handlers()),
      await serveRegistration(this.registrationSocket, info, (status) => this.told.push(status)),
    ];
  }

  async stop(): Promise<void> {
    rmSync(this.registrationSocket, { force: true });
    await Promise.all(this.#servers.map((server) => server.close()));
    this.#servers = [];
  }

  /** Methods since the last time, for one volume. */
  take(volumeId: string): string[] {
    const taken = this.calls.filter(({ request }) => request["volumeId"] === volumeId);
    for (const call of taken) this.calls.splice(this.calls.indexOf(call), 1);
    return taken.map(({ method }) => method);
  }

  #handlers(): CsiHandlers {
    return {
      NodeGetInfo: () => ({
        nodeId: "id-of-the-node",
        maxVolumesPerNode: 7,
        accessibleTopology: { segments: { "topology.kubernode.test/zone": "z1" } },
      }),
      NodeGetCapabilities: () => ({ capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) }),
      NodeStageVolume: (request) => {
        this.#note("NodeStageVolume", request);
        if (request.volumeCapability?.block == null && !isMounted(request.stagingTargetPath))
          mount("-t", "tmpfs", "test-driver", request.stagingTargetPath);
        return {};
      },
      NodeUnstageVolume: (request) => {
        this.#note("NodeUnstageVolume", request);
        unmount(request.stagingTargetPath);
        return {};
      },
      NodePublishVolume: (request) => {
        this.#note("NodePublishVolume", request);
        this.#publish(request);
        return {};
      },
      NodeUnpublishVolume: (request) => {
        this.#note("NodeUnpublishVolume", request);
        unmount(request.targetPath);
        rmSync(request.targetPath, { recursive: true, force: true });
        return {};
      },
      NodeExpandVolume: (request) => {
        this.#note("NodeExpandVolume", request);
        return { capacityBytes: request.capacityRange?.requiredBytes ?? 0 };
      },
    };
  }

  #publish({ targetPath, stagingTargetPath, volumeCapability, readonly }: CsiRequest<"NodePublishVolume">): void {
    if (isMounted(targetPath)) return;
    if (volumeCapability?.block != null) {
      writeFileSync(targetPath, "");
      return mount("--bind", this.#device, targetPath);
    }
    mkdirSync(targetPath, { recursive: true });
    if (stagingTargetPath === "") mount("-t", "tmpfs", "test-driver", targetPath);
    else mount("--bind", stagingTargetPath, targetPath);
    if (readonly) mount("-o", "bind,remount,ro", targetPath);
  }

  #note(method: CsiMethod, request: object): void {
    this.calls.push({ method, request: { ...request } });
    const refusal = this.refused.get(method);
    if (refusal !== undefined) throw refusal;
  }
}

function unmount(path: string): void {
  while (existsSync(path) && isMounted(path)) execFileSync("umount", [path], { stdio: "pipe" });
}

/** A loop device over a file; `free` takes it away. */
export function loopDevice(file: string): { readonly path: string; free(): void } {
  execFileSync("truncate", ["-s", "8M", file]);
  const path = execFileSync("losetup", ["-f", "--show", file], { encoding: "utf8" }).trim();
  return { path, free: () => void execFileSync("losetup", ["-d", path]) };
}
