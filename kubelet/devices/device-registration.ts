/**
 * The kubelet's own socket, at which device plugins tell that they are there.
 * Upstream: `pkg/kubelet/cm/devicemanager/plugin/v1beta1/server.go`.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { serviceDefinition } from "../plugins/grpc-channel.ts";
import type { PluginHandler } from "../plugins/plugin-watcher.ts";
import { REGISTRATION, type PluginOptions } from "./device-endpoint.ts";
import type { DeviceManager } from "./device-manager.ts";

const VERSION = "v1beta1";
const SOCKET = "kubelet.sock";

interface RegisterRequest {
  readonly version: string;
  readonly endpoint: string;
  readonly resourceName: string;
  readonly options: PluginOptions | null;
}

const isExtendedResource = (name: string): boolean =>
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name) &&
  !/(^|\.)kubernetes\.io\//.test(name) &&
  !name.startsWith("requests.");

/** Why a plugin is not taken, in upstream's words. */
export function registrationProblem(version: string, resource: string): string | undefined {
  if (version !== VERSION) {
    return `requested API version "${version}" is not supported by kubelet. Supported version is "${VERSION}"`;
  }
  return isExtendedResource(resource) ? undefined : `the ResourceName "${resource}" is invalid`;
}

/** Sockets that lie in the folder are removed: plugins see that the kubelet is new, and register again. */
export async function serveDeviceRegistration(
  folder: string,
  manager: Pick<DeviceManager, "add">,
): Promise<{ close(): void }> {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isSocket()) rmSync(join(folder, entry.name), { force: true });
  }
  const server = new Server();
  server.addService(serviceDefinition(REGISTRATION), {
    Register: ({ request }: ServerUnaryCall<RegisterRequest, object>, answer: sendUnaryData<object>) => {
      const { version, endpoint, resourceName, options } = request;
      const problem = registrationProblem(version, resourceName);
      if (problem !== undefined) return answer({ code: status.UNKNOWN, details: problem });
      // A name, not a path: a plugin must not make the kubelet speak to a socket of its choice.
      manager.add(resourceName, join(folder, basename(endpoint)), options ?? undefined);
      answer(null, {});
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${join(folder, SOCKET)}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return { close: () => server.forceShutdown() };
}

/** For plugins that are found by their socket in the folder of all plugins. */
export function devicePluginHandler(manager: Pick<DeviceManager, "add" | "remove">): PluginHandler {
  return {
    type: "DevicePlugin",
    register: async ({ name, endpoint, versions }) => {
      const problem = registrationProblem(versions.includes(VERSION) ? VERSION : (versions[0] ?? ""), name);
      if (problem !== undefined) throw new Error(problem);
      manager.add(name, endpoint, undefined);
    },
    deregister: (name) => manager.remove(name),
  };
}
