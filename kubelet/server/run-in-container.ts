/** `/run`: a command to its end, with its output as the answer. Upstream: `pkg/kubelet/server/server.go` getRun. */
import type { Request, Response } from "express";
import type { PodWorkers } from "../pods/pod-workers.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { messageOf } from "../runtime/runtime-error.ts";

/** Longest command line that is run; a shell takes less than a tenth of it. */
const COMMAND_CHARS_MAX = 65_536;

export async function runInContainer(
  { workers, runtime }: { readonly workers: PodWorkers; readonly runtime: ContainerRuntime },
  request: Request,
  response: Response,
): Promise<void> {
  const { namespace = "", pod = "", container = "" } = request.params as Record<string, string>;
  const fail = (status: number, message: string): void => void response.status(status).type("text/plain").send(message);
  const worker = workers.find(namespace, pod);
  if (worker === undefined) return fail(404, `pod "${pod}" does not exist\n`);
  const text = new URL(request.url, "http://localhost").searchParams.get("cmd") ?? "";
  if (text.length > COMMAND_CHARS_MAX) return fail(400, "the command is too long\n");
  const { containers } = await runtime.observePod(worker.uid);
  const running = containers.find(({ name, state }) => name === container && state === "running");
  if (running === undefined) return fail(500, `container not found ("${container}")`);
  try {
    const { exitCode, output } = await runtime.exec(running.id, text.split(" "), 0);
    response
      .status(exitCode === 0 ? 200 : 500)
      .type("text/plain")
      .send(output);
  } catch (error) {
    fail(500, messageOf(error));
  }
}
