/** Containers in a sandbox: create, start, end, remove, change. */
import { readFileSync } from "node:fs";
import type { ContainerRuntime, ContainerSpec, SandboxSpec } from "../runtime.ts";
import { isRuntimeNotFound, messageOf, RuntimeCallError } from "../runtime-error.ts";
import { containerRequest, logPathOf, updateRequest } from "./container-request.ts";
import type { DockerContext } from "./docker-context.ts";
import { LOG_PATH_LABEL } from "./docker-labels.ts";
import { deleteContainer, ignoreDone, inspectContainer, killContainer, makeContainer } from "./make-container.ts";
import { runCommand } from "./exec-command.ts";
import { engineLogPath, linkLog, unlinkLog } from "./log-link.ts";

type ContainerCalls = Pick<
  ContainerRuntime,
  | "createContainer"
  | "startContainer"
  | "stopContainer"
  | "signalContainer"
  | "removeContainer"
  | "updateContainerResources"
  | "reopenLog"
  | "exec"
>;

/** What a stop may need beyond its own grace. */
const STOP_SLACK_MS = 120_000;

export function containerCalls(context: DockerContext): ContainerCalls {
  const { engine } = context;
  return {
    createContainer: (sandboxId, spec, sandbox, signal) => createContainer(context, sandboxId, spec, sandbox, signal),
    startContainer: async (id) => {
      await engine.call("POST", `/containers/${id}/start`);
    },
    stopContainer: (id, graceSeconds, signal) => stopContainer(context, id, graceSeconds, signal),
    signalContainer: async (id, signal) => {
      try {
        await engine.call("POST", `/containers/${id}/kill?signal=${encodeURIComponent(signal)}`);
      } catch (error) {
        // 409: it does not run any more.
        if (!isRuntimeNotFound(error) && !messageOf(error).includes("is not running")) throw error;
      }
    },
    removeContainer: (id) => removeDockerContainer(context, id),
    updateContainerResources: async (id, resources) => {
      await engine.call("POST", `/containers/${id}/update`, { body: updateRequest(resources) });
    },
    reopenLog,
    exec: (id, command, timeoutSeconds) => runCommand(context, id, command, timeoutSeconds),
  };
}

async function createContainer(
  context: DockerContext,
  sandboxId: string,
  spec: ContainerSpec,
  sandbox: SandboxSpec,
  signal?: AbortSignal,
): Promise<string> {
  const { logs, oomScoreMin } = context;
  const request = containerRequest({ sandboxId, spec, sandbox, logs, oomScoreMin, readProfile });
  const id = await makeContainer(context.engine, request, (left) => removeDockerContainer(context, left), signal);
  try {
    await linkLog(logPathOf(spec, sandbox), engineLogPath(await context.rootDir(), id));
  } catch (error) {
    await removeDockerContainer(context, id).catch(() => undefined);
    throw error;
  }
  return id;
}

function readProfile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    const text = isAbsent ? `open ${path}: no such file or directory` : messageOf(error);
    throw new RuntimeCallError("other", `cannot load seccomp profile "${path}": ${text}`, error);
  }
}

async function stopContainer(
  { engine }: DockerContext,
  id: string,
  graceSeconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (graceSeconds <= 0) await killContainer(engine, id);
  // Also after a kill: it resolves when the Engine has seen the end.
  const timeoutMs = graceSeconds * 1000 + STOP_SLACK_MS;
  await ignoreDone(engine.call("POST", `/containers/${id}/stop`, { query: { t: graceSeconds }, timeoutMs, signal }));
}

export async function removeDockerContainer({ engine }: DockerContext, id: string): Promise<void> {
  const container = await inspectContainer(engine, id);
  if (container === undefined) return;
  await deleteContainer(engine, id);
  const logPath = container.Config.Labels?.[LOG_PATH_LABEL];
  if (logPath !== undefined) await unlinkLog(logPath);
}

/** The Engine opens no file again; it rotates its files before the kubelet finds them too long (`log-options.ts`). */
function reopenLog(): Promise<void> {
  return Promise.reject(new RuntimeCallError("unimplemented", "the Docker Engine rotates its logs itself"));
}
