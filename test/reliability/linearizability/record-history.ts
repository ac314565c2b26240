/** Clients that read, create, replace and delete a few ConfigMaps at once, and the history of what each of them saw. */
import type { ConfigMap } from "../../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { createApiClient } from "../../../shared/client/http-client.ts";
import type { ClusterAccess } from "../../../shared/client/kubeconfig.ts";
import { isAlreadyExists, isConflict, isNotFound, StatusError } from "../../../shared/errors/status-error.ts";
import { systemClock } from "../../../shared/process/clock.ts";
import { configMaps } from "../../../shared/resources/catalog.ts";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.ts";
import type { Operation } from "./checker.ts";
import type { RegisterInput, RegisterOutput } from "./stored-register.ts";

export type RegisterHistory = Operation<RegisterInput, RegisterOutput>[];

export interface Load {
  readonly registers: number;
  readonly clients: number;
  /** Of all clients together. */
  readonly operations: number;
  readonly seed: number;
}

const NAMESPACE = "default";

/** A history for each register. Never rejects for what the server does: an answer that did not come is unknown. */
export async function recordHistories(access: ClusterAccess, load: Load): Promise<RegisterHistory[]> {
  const histories: RegisterHistory[] = Array.from({ length: load.registers }, () => []);
  let left = load.operations;
  const work = async (index: number): Promise<void> => {
    // A client of its own has connections of its own.
    const client = createApiClient(access, { userAgent: `client-${index}`, clock: systemClock });
    const session = new Session(client, seededRandom(load.seed * 1000 + index), `client-${index}`, histories);
    try {
      while (left-- > 0) await session.operate();
    } finally {
      await client.close();
    }
  };
  await Promise.all(Array.from({ length: load.clients }, (_, index) => work(index)));
  return histories;
}

class Session {
  readonly #client: ApiClient;
  readonly #random: SeededRandom;
  readonly #name: string;
  readonly #histories: readonly RegisterHistory[];
  /** The revision that this client saw last, by register. */
  readonly #seen = new Map<number, string>();
  #writes = 0;

  constructor(client: ApiClient, random: SeededRandom, name: string, histories: readonly RegisterHistory[]) {
    this.#client = client;
    this.#random = random;
    this.#name = name;
    this.#histories = histories;
  }

  async operate(): Promise<void> {
    const register = this.#random.below(this.#histories.length);
    const input = this.#choose(register);
    const calledAt = systemClock.monotonicMs();
    const output = await this.#outcome(register, input);
    const returnedAt = systemClock.monotonicMs();
    if (output?.kind === "ok" && output.revision !== "") this.#seen.set(register, output.revision);
    this.#histories[register]?.push({ input, calledAt, returnedAt, ...(output === undefined ? {} : { output }) });
  }

  #choose(register: number): RegisterInput {
    const value = `${this.#name}-${this.#writes++}`;
    const expectedRevision = this.#seen.get(register);
    const dice = this.#random.below(100);
    if (dice < 45) return { kind: "read" };
    if (dice < 90 && expectedRevision !== undefined) return { kind: "update", value, expectedRevision };
    return dice < 96 ? { kind: "create", value } : { kind: "delete" };
  }

  /** Nothing when nobody knows what happened. */
  async #outcome(register: number, input: RegisterInput): Promise<RegisterOutput | undefined> {
    try {
      return await this.#send(`register-${register}`, input);
    } catch (error) {
      if (isNotFound(error)) return { kind: "not found" };
      if (isAlreadyExists(error)) return { kind: "already exists" };
      if (isConflict(error)) return { kind: "conflict" };
      if (error instanceof StatusError && error.code < 500 && error.code !== 429) throw error;
      return undefined;
    }
  }

  async #send(name: string, input: RegisterInput): Promise<RegisterOutput> {
    const at = { namespace: NAMESPACE, name };
    switch (input.kind) {
      case "read":
        return this.#random.next() < 0.5 ? await this.#readByList(name) : seen(await this.#client.get(configMaps, at));
      case "create":
        return seen(
          await this.#client.create(
            configMaps,
            { metadata: at, data: { value: input.value } },
            { namespace: NAMESPACE },
          ),
        );
      case "update": {
        const metadata = { ...at, resourceVersion: input.expectedRevision };
        const next = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { value: input.value } } as ConfigMap;
        return seen(await this.#client.update(configMaps, next));
      }
      case "delete":
        await this.#client.delete(configMaps, at);
        return { kind: "ok", value: "", revision: "" };
      default:
        return input satisfies never;
    }
  }

  /** A list without a resourceVersion promises the same as a get. */
  async #readByList(name: string): Promise<RegisterOutput> {
    const { items } = await this.#client.list(configMaps, {
      namespace: NAMESPACE,
      fieldSelector: `metadata.name=${name}`,
    });
    const [item] = items;
    return item === undefined ? { kind: "not found" } : seen(item);
  }
}

function seen({ metadata, data }: ConfigMap): RegisterOutput {
  return { kind: "ok", value: data?.["value"] ?? "", revision: metadata.resourceVersion ?? "" };
}
