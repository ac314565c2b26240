/** A command in a container, with its output and exit code: for probes and hooks. */
import type { Duplex } from "node:stream";
import type { ExecResult, ExecStreams } from "../runtime.ts";
import { RuntimeCallError } from "../runtime-error.ts";
import type { DockerContext } from "./docker-context.ts";
import type { WireExec } from "./engine-wire.ts";
import { outputOf } from "./raw-stream.ts";

/** What a probe or hook prints beyond this is thrown away (upstream: 16 MiB of a CRI answer). */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Without a limit of its own. */
const TIMEOUT_SECONDS_MAX = 3600;
/** The Engine closes the stream a moment before it knows the exit code. */
const EXIT_CODE_TRIES = 50;
const EXIT_CODE_POLL_MS = 20;

type EngineOf = Pick<DockerContext, "engine">;

/** Makes it; nothing runs yet. */
export async function createExec(
  { engine }: EngineOf,
  containerId: string,
  command: readonly string[],
  streams: ExecStreams,
): Promise<string> {
  const body = {
    Cmd: command,
    AttachStdin: streams.hasStdin,
    AttachStdout: streams.hasStdout,
    AttachStderr: streams.hasStderr,
    Tty: streams.hasTty,
  };
  return (await engine.call<{ Id: string }>("POST", `/containers/${containerId}/exec`, { body })).Id;
}

/** Runs it; the connection carries its streams. */
export function startExec({ engine }: EngineOf, execId: string, hasTty: boolean): Promise<Duplex> {
  return engine.hijack(`/exec/${execId}/start`, { body: { Detach: false, Tty: hasTty } });
}

export async function exitCodeOf(
  { engine, clock }: Pick<DockerContext, "engine" | "clock">,
  execId: string,
): Promise<number> {
  for (let tries = 0; tries < EXIT_CODE_TRIES; tries++) {
    const exec = await engine.call<WireExec>("GET", `/exec/${execId}/json`);
    if (!exec.Running && exec.ExitCode !== null) return exec.ExitCode;
    await clock.sleep(EXIT_CODE_POLL_MS);
  }
  throw new RuntimeCallError("other", "the command's streams ended, but it runs on");
}

const OUTPUT_ONLY: ExecStreams = { hasStdin: false, hasStdout: true, hasStderr: true, hasTty: false };

/** Rejects with `timeout` when the command takes longer; then it is killed. 0 seconds: an hour. */
export async function runCommand(
  context: DockerContext,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ExecResult> {
  const execId = await createExec(context, containerId, command, OUTPUT_ONLY);
  const connection = await startExec(context, execId, false);
  const limitSeconds = timeoutSeconds > 0 ? timeoutSeconds : TIMEOUT_SECONDS_MAX;
  let isOver = false;
  const timer = context.clock.after(limitSeconds * 1000, () => {
    isOver = true;
    connection.destroy();
  });
  const output = await collect(connection).catch((error: unknown) => {
    if (!isOver) throw error;
    return Buffer.alloc(0);
  });
  timer.cancel();
  if (!isOver) return { exitCode: await exitCodeOf(context, execId), output };
  await killExec(context, execId);
  const text = `command timed out: ${JSON.stringify(command)} timed out after ${limitSeconds}s`;
  throw new RuntimeCallError("timeout", text);
}

async function collect(connection: Duplex): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const { bytes } of outputOf(connection, false)) {
    if (length < OUTPUT_BYTES_MAX) parts.push(bytes.subarray(0, OUTPUT_BYTES_MAX - length));
    length += bytes.length;
  }
  return Buffer.concat(parts);
}

/** The Engine has no call for it; its process ids are those of this machine. */
async function killExec({ engine }: DockerContext, execId: string): Promise<void> {
  const exec = await engine.call<WireExec>("GET", `/exec/${execId}/json`).catch(() => undefined);
  if (exec?.Running !== true || exec.Pid <= 0) return;
  try {
    process.kill(exec.Pid, "SIGKILL");
  } catch {
    // It ended by itself just now.
  }
}
