/** One plugin and its devices, as it tells them. Upstream: `pkg/kubelet/cm/devicemanager/endpoint.go`. */
import type { Clock } from "../../shared/process/clock.ts";
import { type GrpcChannel, type GrpcService, openGrpcChannel } from "../plugins/grpc-channel.ts";
import type { DeviceGrant } from "./device-grant.ts";

export interface PluginOptions {
  readonly preStartRequired: boolean;
  readonly getPreferredAllocationAvailable: boolean;
}

const PROTO = new URL("./deviceplugin-v1beta1.proto", import.meta.url);
export const REGISTRATION: GrpcService = { proto: PROTO, name: "v1beta1.Registration" };
const PLUGIN: GrpcService = { proto: PROTO, name: "v1beta1.DevicePlugin" };
const CALL_TIMEOUT_MS = 10_000;
const PRE_START_TIMEOUT_MS = 30_000;

interface AllocateAnswer {
  readonly containerResponses: readonly {
    readonly envs: Record<string, string>;
    readonly mounts: readonly { containerPath: string; hostPath: string; readOnly: boolean }[];
    readonly devices: readonly { containerPath: string; hostPath: string; permissions: string }[];
    readonly annotations: Record<string, string>;
  }[];
}

export class DeviceEndpoint {
  readonly socket: string;
  readonly #channel: GrpcChannel;
  readonly #stopping = new AbortController();
  #options: PluginOptions | undefined;

  constructor(socket: string, options: PluginOptions | undefined, clock: Clock) {
    this.socket = socket;
    this.#options = options;
    this.#channel = openGrpcChannel(socket, PLUGIN, clock);
  }

  /** Calls back with health by id, each time the plugin tells of its devices; resolves or rejects when it is gone. */
  async watch(onDevices: (devices: ReadonlyMap<string, boolean>) => void): Promise<void> {
    await this.options();
    type Message = { readonly devices: readonly { readonly id: string; readonly health: string }[] };
    await this.#channel.stream<Message>("ListAndWatch", {}, this.#stopping.signal, ({ devices }) => {
      onDevices(new Map(devices.map(({ id, health }) => [id, health === "Healthy"])));
    });
  }

  async options(): Promise<PluginOptions> {
    this.#options ??= await this.#channel.call<PluginOptions>("GetDevicePluginOptions", {}, CALL_TIMEOUT_MS);
    return this.#options;
  }

  /** What the plugin would like best; nothing when it has no opinion. */
  async preferred(available: readonly string[], mustInclude: readonly string[], size: number): Promise<string[]> {
    if (!(await this.options()).getPreferredAllocationAvailable) return [];
    const request = { containerRequests: [{ available, mustInclude, size }] };
    type Answer = { readonly containerResponses: readonly { readonly deviceIds: readonly string[] }[] };
    const answer = await this.#channel.call<Answer>("GetPreferredAllocation", request, CALL_TIMEOUT_MS);
    return [...(answer.containerResponses[0]?.deviceIds ?? [])];
  }

  async allocate(ids: readonly string[]): Promise<DeviceGrant> {
    const request = { containerRequests: [{ devicesIds: ids }] };
    const { containerResponses } = await this.#channel.call<AllocateAnswer>("Allocate", request, CALL_TIMEOUT_MS);
    const [answer] = containerResponses;
    if (answer === undefined) throw new Error("the plugin answered nothing to an allocation");
    return {
      env: { ...answer.envs },
      mounts: answer.mounts.map(({ containerPath, hostPath, readOnly }) => ({
        containerPath,
        hostPath,
        isReadOnly: readOnly,
        propagation: "private" as const,
      })),
      devices: answer.devices.map(({ containerPath, hostPath, permissions }) => ({
        containerPath,
        hostPath,
        permissions,
      })),
      annotations: { ...answer.annotations },
    };
  }

  async preStart(ids: readonly string[]): Promise<void> {
    if (!(await this.options()).preStartRequired) return;
    await this.#channel.call("PreStartContainer", { devicesIds: ids }, PRE_START_TIMEOUT_MS);
  }

  close(): void {
    this.#stopping.abort();
    this.#channel.close();
  }
}
