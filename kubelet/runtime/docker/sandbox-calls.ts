/** Sandboxes: pause containers with a network of the kubelet's CNI plugins. */
import { writeFile } from "node:fs/promises";
import type { ContainerRuntime, DnsSpec, SandboxSpec } from "../runtime.ts";
import { RuntimeCallError } from "../runtime-error.ts";
import { removeDockerContainer } from "./container-calls.ts";
import type { DockerContext } from "./docker-context.ts";
import { SANDBOX_ID_LABEL } from "./docker-labels.ts";
import type { WireListedContainer } from "./engine-wire.ts";
import { deleteContainer, inspectContainer, killContainer, makeContainer } from "./make-container.ts";
import { sandboxRequest } from "./sandbox-request.ts";

type SandboxCalls = Pick<ContainerRuntime, "createSandbox" | "stopSandbox" | "removeSandbox">;

export function sandboxCalls(context: DockerContext): SandboxCalls {
  return {
    createSandbox: (spec, signal) => createSandbox(context, spec, signal),
    stopSandbox: (id) => stopSandbox(context, id),
    removeSandbox: (id) => removeSandbox(context, id),
  };
}

async function createSandbox(context: DockerContext, spec: SandboxSpec, signal?: AbortSignal): Promise<string> {
  const { engine } = context;
  const request = sandboxRequest(spec, context.sandboxImage, context.oomScoreMin);
  const id = await makeContainer(engine, request, (left) => removeSandbox(context, left), signal);
  try {
    await engine.call("POST", `/containers/${id}/start`, { signal });
    await joinNetwork(context, id, spec);
  } catch (error) {
    await removeSandbox(context, id).catch(() => undefined);
    throw error;
  }
  return id;
}

async function joinNetwork({ engine, networks }: DockerContext, id: string, spec: SandboxSpec): Promise<void> {
  const container = await inspectContainer(engine, id);
  if (container?.State.Running !== true) {
    throw new RuntimeCallError(
      "other",
      `the sandbox container ended at once: ${container?.State.Error ?? "it is gone"}`,
    );
  }
  if (hasContent(spec.dns)) await writeFile(container.ResolvConfPath, resolvConf(spec.dns));
  if (spec.namespaces.network === "node") return;
  const { podName, podNamespace, podUid, portMappings } = spec;
  try {
    await networks.add(
      { containerId: id, podName, podNamespace, podUid, portMappings },
      container.NetworkSettings.SandboxKey,
    );
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new RuntimeCallError("other", `failed to setup network for sandbox "${id}": ${text}`, error);
  }
}

const hasContent = ({ servers, searches, options }: DnsSpec): boolean =>
  servers.length + searches.length + options.length > 0;

function resolvConf({ servers, searches, options }: DnsSpec): string {
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

async function containersOf({ engine }: DockerContext, sandboxId: string): Promise<readonly WireListedContainer[]> {
  const filters = JSON.stringify({ label: [`${SANDBOX_ID_LABEL}=${sandboxId}`] });
  return engine.call<WireListedContainer[]>("GET", "/containers/json", { query: { all: true, filters } });
}

/** Ends what runs in it, gives its addresses back, and ends the sandbox itself. May be repeated. */
async function stopSandbox(context: DockerContext, id: string): Promise<void> {
  const running = (await containersOf(context, id)).filter(({ State }) => State === "running");
  await Promise.all(running.map((container) => killContainer(context.engine, container.Id)));
  await context.networks.delete(id);
  await killContainer(context.engine, id);
}

async function removeSandbox(context: DockerContext, id: string): Promise<void> {
  await stopSandbox(context, id);
  for (const container of await containersOf(context, id)) await removeDockerContainer(context, container.Id);
  await deleteContainer(context.engine, id);
}
