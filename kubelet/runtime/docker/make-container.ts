import { isRuntimeNotFound } from "../runtime-error.ts";
import { type EngineClient, refusedWith } from "./engine-client.ts";
import type { WireContainer } from "./engine-wire.ts";
import type { CreateRequest } from "./sandbox-request.ts";

const CONFLICT = 409;
const NOT_MODIFIED = 304;

/**
 * Creates under the request's name. A container of that name is what an earlier try left whose answer was lost: it is
 * removed by `remove`, and the creation tried once more.
 */
export async function makeContainer(
  engine: EngineClient,
  { name, body }: CreateRequest,
  remove: (id: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<string> {
  const create = async (): Promise<string> =>
    (await engine.call<{ Id: string }>("POST", "/containers/create", { query: { name }, body, signal })).Id;
  try {
    return await create();
  } catch (error) {
    const isTaken = refusedWith(error) === CONFLICT && error instanceof Error && error.message.includes("name");
    const holder = isTaken ? await inspectContainer(engine, name) : undefined;
    if (holder === undefined) throw error;
    await remove(holder.Id);
    return create();
  }
}

/** Undefined when it does not exist. */
export async function inspectContainer(engine: EngineClient, id: string): Promise<WireContainer | undefined> {
  try {
    return await engine.call<WireContainer>("GET", `/containers/${id}/json`);
  } catch (error) {
    if (isRuntimeNotFound(error)) return undefined;
    throw error;
  }
}

/** Gone, not running any more, or on its way out already: what is asked for is the case. */
export async function ignoreDone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const status = refusedWith(error);
    if (!isRuntimeNotFound(error) && status !== CONFLICT && status !== NOT_MODIFIED) throw error;
  }
}

export function killContainer(engine: EngineClient, id: string): Promise<void> {
  return ignoreDone(engine.call("POST", `/containers/${id}/kill`, { query: { signal: "SIGKILL" } }));
}

/** With its anonymous volumes; also when it runs. */
export function deleteContainer(engine: EngineClient, id: string): Promise<void> {
  return ignoreDone(engine.call("DELETE", `/containers/${id}`, { query: { force: true, v: true } }));
}
