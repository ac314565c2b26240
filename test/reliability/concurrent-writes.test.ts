/** Many writers at once against a real server process: nothing acknowledged is lost, nothing happens twice. */
import { createApiClient } from "../../shared/client/http-client.ts";
import { isAlreadyExists, isConflict } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { configMaps } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";
import { checkLinearizable } from "./linearizability/checker.ts";
import { recordHistories } from "./linearizability/record-history.ts";
import { storedRegister } from "./linearizability/stored-register.ts";

const SEED = Number(process.env["SEED"] ?? "1");
const LOAD = { registers: 10, clients: 8, operations: 10_000, seed: SEED };
const INCREMENTS = 1000;
const WRITERS = 50;
const SAME_NAME = 1000;
const GENERATED_NAMES = 10_000;
const AT = { namespace: "default", name: "counter" };

describe.each(["sqlite", "etcd"] as const)("on %s", (backend) => {
  let etcd: RunningEtcd | undefined;
  let server: ApiServerProcess;

  beforeAll(async () => {
    etcd = backend === "etcd" ? await startEtcd() : undefined;
    server = await startApiServerProcess(
      etcd === undefined ? {} : { storageFlags: ["--storage-backend=etcd3", `--etcd-servers=${etcd.url}`] },
    );
  });

  afterAll(async () => {
    await server?.close();
    await etcd?.stop();
  });

  test(`R01: ${LOAD.operations} operations on ${LOAD.registers} objects are linearizable (seed ${SEED})`, async () => {
    const histories = await recordHistories(server.access, LOAD);
    const verdicts = histories.map((history) => checkLinearizable(storedRegister, history));
    expect(verdicts.map(({ kind }) => kind)).toEqual(histories.map(() => "linearizable"));
    // Without faults every answer comes, and every kind of answer was seen.
    const outputs = histories.flat().map(({ output }) => output?.kind);
    expect(outputs).toHaveLength(LOAD.operations);
    expect(new Set(outputs)).toEqual(new Set(["ok", "not found", "already exists", "conflict"]));
  }, 120_000);

  test(`R04: ${INCREMENTS} increments by ${WRITERS} writers lose nothing`, async () => {
    await server.client.create(configMaps, { metadata: AT, data: { value: "0" } }, { namespace: AT.namespace });
    const clients = Array.from({ length: WRITERS }, (_, index) =>
      createApiClient(server.access, { userAgent: `writer-${index}`, clock: systemClock }),
    );
    let conflicts = 0;
    const increment = async (client: (typeof clients)[number]): Promise<void> => {
      for (;;) {
        const current = await client.get(configMaps, AT);
        try {
          const value = String(Number(current.data?.["value"]) + 1);
          await client.update(configMaps, { ...current, data: { value } });
          return;
        } catch (error) {
          if (!isConflict(error)) throw error;
          conflicts++;
        }
      }
    };
    try {
      await Promise.all(
        clients.map(async (client) => {
          for (let round = 0; round < INCREMENTS / WRITERS; round++) await increment(client);
        }),
      );
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    expect((await server.client.get(configMaps, AT)).data).toEqual({ value: String(INCREMENTS) });
    expect(conflicts).toBeGreaterThan(0);
  }, 120_000);

  test(`R05: of ${SAME_NAME} creations of one name one wins, and ${GENERATED_NAMES} generated names differ`, async () => {
    const create = (metadata: { name?: string; generateName?: string }) =>
      server.client.create(configMaps, { metadata }, { namespace: "default" });
    const same = await Promise.allSettled(Array.from({ length: SAME_NAME }, () => create({ name: "only-one" })));
    const refused = same.filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(SAME_NAME - 1);
    expect(refused.filter(({ reason }) => !isAlreadyExists(reason))).toEqual([]);

    const names = new Set<string>();
    let left = GENERATED_NAMES;
    const work = async (): Promise<void> => {
      while (left-- > 0) names.add((await create({ generateName: "many-" })).metadata.name);
    };
    await Promise.all(Array.from({ length: WRITERS }, work));
    expect(names.size).toBe(GENERATED_NAMES);
  }, 120_000);
});
