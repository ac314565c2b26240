/** A plugin for devices that are files: registers with the kubelet and gives what it is told to. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  Client,
  credentials,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { serviceDefinition } from "../../kubelet/plugins/grpc-channel.ts";

const PROTO = new URL("../../kubelet/devices/deviceplugin-v1beta1.proto", import.meta.url);

type Unary<Request> = (call: ServerUnaryCall<Request, object>, answer: sendUnaryData<object>) => void;

export class TestDevicePlugin {
  readonly resource: string;
  readonly calls: string[] = [];
  readonly #folder: string;
  readonly #server = new Server();
  readonly #streams = new Set<ServerWritableStream<object, object>>();
  #devices: Readonly<Record<string, "Healthy" | "Unhealthy">>;

  /** `folder` is the kubelet's `device-plugins`. */
  constructor(resource: string, folder: string, devices: Readonly<Record<string, "Healthy" | "Unhealthy">>) {
    this.resource = resource;
    this.#folder = folder;
    this.#devices = devices;
  }

  get #socket(): string {
    return `${this.resource.replaceAll("/", "-")}.sock`;
  }

  async serve(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const options: Unary<object> = (_call, answer) =>
      answer(null, { preStartRequired: true, getPreferredAllocationAvailable: true });
    const preferred: Unary<{ containerRequests: { available: string[]; size: number }[] }> = ({ request }, answer) => {
      const [first] = request.containerRequests;
      // The last ones: that is how a test sees that it was asked.
      const deviceIds = first?.available.toSorted().slice(-first.size) ?? [];
      answer(null, { containerResponses: [{ deviceIds }] });
    };
    const allocate: Unary<{ containerRequests: { devicesIds: string[] }[] }> = ({ request }, answer) => {
      const ids = request.containerRequests[0]?.devicesIds ?? [];
      this.calls.push(`Allocate ${ids.join()}`);
      const devices = [{ containerPath: "/dev/gift", hostPath: "/dev/null", permissions: "rw" }];
      const mounts = [{ containerPath: "/gift", hostPath: this.#folder, readOnly: true }];
      const given = { envs: { DEVICES: ids.join() }, devices, mounts, annotations: { "example.com/given": "yes" } };
      answer(null, { containerResponses: [given] });
    };
    const preStart: Unary<{ devicesIds: string[] }> = ({ request }, answer) => {
      this.calls.push(`PreStartContainer ${request.devicesIds.join()}`);
      answer(null, {});
    };
    this.#server.addService(serviceDefinition({ proto: PROTO, name: "v1beta1.DevicePlugin" }), {
      GetDevicePluginOptions: options,
      GetPreferredAllocation: preferred,
      Allocate: allocate,
      PreStartContainer: preStart,
      ListAndWatch: (stream: ServerWritableStream<object, object>) => {
        this.#streams.add(stream);
        stream.on("cancelled", () => this.#streams.delete(stream));
        stream.write(this.#list());
      },
    });
    await new Promise<void>((resolve, reject) => {
      const address = `unix://${join(this.#folder, this.#socket)}`;
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  #list(): object {
    return { devices: Object.entries(this.#devices).map(([id, health]) => ({ id, health })) };
  }

  /** Tells who listens that its devices are other ones now. */
  change(devices: Readonly<Record<string, "Healthy" | "Unhealthy">>): void {
    this.#devices = devices;
    for (const stream of this.#streams) stream.write(this.#list());
  }

  /** Rejects with what the kubelet answers when it does not take the plugin. */
  async register(version = "v1beta1"): Promise<void> {
    const { Register: method } = serviceDefinition({ proto: PROTO, name: "v1beta1.Registration" });
    if (method === undefined) throw new Error("no method Register");
    const client = new Client(`unix://${join(this.#folder, "kubelet.sock")}`, credentials.createInsecure());
    const request = { version, endpoint: this.#socket, resourceName: this.resource };
    const done = Promise.withResolvers<void>();
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      (error: Error | null) => (error === null ? done.resolve() : done.reject(error)),
    );
    await done.promise.finally(() => client.close());
  }

  close(): void {
    for (const stream of this.#streams) stream.end();
    this.#server.forceShutdown();
  }
}
