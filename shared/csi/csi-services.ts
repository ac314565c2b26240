/** The services of the two `.proto` files beside this one, as gRPC clients and servers take them. */
import { fileURLToPath } from "node:url";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export interface CsiServices {
  readonly identity: ServiceDefinition;
  readonly controller: ServiceDefinition;
  readonly node: ServiceDefinition;
  /** How plugins of any kind register with the kubelet. */
  readonly registration: ServiceDefinition;
  /** Every method of the first three, by name. */
  readonly methods: ReadonlyMap<string, MethodDefinition<object, object>>;
}

let loaded: CsiServices | undefined;

/** Reads the files at the first call. */
export function csiServices(): CsiServices {
  loaded ??= load();
  return loaded;
}

function load(): CsiServices {
  const files = ["csi-v1.proto", "plugin-registration-v1.proto"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  // Sizes fit numbers: 2^53 bytes are eight pebibytes.
  const definition = loadSync(files, { longs: Number, enums: String, defaults: true, arrays: true, objects: true });
  const service = (name: string): ServiceDefinition => definition[name] as ServiceDefinition;
  const [identity, controller, node] = [
    service("csi.v1.Identity"),
    service("csi.v1.Controller"),
    service("csi.v1.Node"),
  ];
  const methods = new Map<string, MethodDefinition<object, object>>();
  for (const each of [identity, controller, node]) {
    for (const [name, method] of Object.entries(each)) methods.set(name, method as MethodDefinition<object, object>);
  }
  return { identity, controller, node, registration: service("pluginregistration.Registration"), methods };
}
