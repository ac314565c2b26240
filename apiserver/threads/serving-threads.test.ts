/** Two real threads of one server: which of them answers a connection is the kernel's choice, so there are many. */
import type { IncomingMessage } from "node:http";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { HttpConnection } from "../../test/support/http-connection.ts";
import type { ServingThreads } from "./serving-threads.ts";

/** All on one thread has a chance of 2^-23. */
const CONNECTIONS = 24;
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

/** As much of all kinds as is looked at here. */
interface Body {
  metadata: { name: string; resourceVersion: string };
  items: Body[];
  data: { value: string };
  spec: { clusterIP: string; ports: { nodePort: number }[] };
  status: object;
}

type Connection = HttpConnection<Body>;

/** The first lines of a stream that goes on. */
async function* linesOf(stream: IncomingMessage, count: number): AsyncGenerator<string> {
  let text = "";
  let left = count;
  for await (const chunk of stream) {
    const lines = (text + String(chunk)).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      yield line;
      if (--left === 0) return;
    }
  }
}

const configMap = (name: string, value = "0"): object => ({ metadata: { name }, data: { value } });

let api: TestApiServer;
let threads: ServingThreads;
let connections: Connection[];
const at = (index: number): Connection => connections[index % CONNECTIONS] as Connection;

beforeAll(async () => {
  api = await startTestApiServer({ servingThreads: 2 });
  threads = api.server.threads as ServingThreads;
  await threads.start();
}, 30_000);

afterAll(async () => {
  await api.stop();
});

beforeEach(() => {
  connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection<Body>(api.access));
});
afterEach(() => {
  for (const connection of connections) connection.close();
});

describe("serving threads", () => {
  it("show every write at once on every connection, however it is read", async () => {
    for (let round = 0; round < CONNECTIONS; round++) {
      const name = `seen-${round}`;
      const made = await at(round).send("POST", CONFIG_MAPS, configMap(name));
      expect(made.code).toBe(201);
      const { resourceVersion } = made.body.metadata;
      const reader = at(round * 7 + 5);
      const reads = await Promise.all([
        reader.send("GET", `${CONFIG_MAPS}/${name}`),
        at(round + 1).send("GET", `${CONFIG_MAPS}/${name}?resourceVersion=0`),
        at(round + 2).send("GET", `${CONFIG_MAPS}/${name}?resourceVersion=${resourceVersion}`),
      ]);
      expect(reads.map((read) => read.body.metadata.resourceVersion)).toEqual(Array(3).fill(resourceVersion));
      const lists = await Promise.all([
        at(round + 3).send("GET", CONFIG_MAPS),
        at(round + 4).send("GET", `${CONFIG_MAPS}?resourceVersion=0`),
      ]);
      for (const list of lists) {
        expect(Number(list.body.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(resourceVersion));
        expect(list.body.items.map((item) => item.metadata.name)).toContain(name);
      }
    }
  });

  it("lose no increment that clients make by reading and replacing over different connections", async () => {
    const path = `${CONFIG_MAPS}/counter`;
    await at(0).send("POST", CONFIG_MAPS, configMap("counter"));
    const increment = async (writer: number): Promise<void> => {
      for (let attempt = 0; ; attempt++) {
        const { body } = await at(writer + attempt).send("GET", path);
        body.data.value = String(Number(body.data.value) + 1);
        const { code } = await at(writer * 5 + attempt + 3).send("PUT", path, body);
        if (code === 200) return;
        expect(code).toBe(409);
      }
    };
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 12 }, (_, writer) => increment(writer)));
    expect((await at(9).send("GET", path)).body.data.value).toBe("60");
  });

  it("never let a watch go back or miss anything when its client connects again elsewhere", async () => {
    const path = `${CONFIG_MAPS}/watched`;
    const first = await at(0).send("POST", CONFIG_MAPS, configMap("watched"));
    const written: string[] = [];
    const write = async (): Promise<void> => {
      for (let count = 1; count <= 120; count++) {
        const patched = await at(count).send("PUT", path, configMap("watched", String(count)));
        written.push(patched.body.metadata.resourceVersion);
      }
    };
    const seen: string[] = [];
    const follow = async (): Promise<void> => {
      let from = first.body.metadata.resourceVersion;
      while (seen.length < 120) {
        const connection = new HttpConnection<Body>(api.access);
        const selector = "fieldSelector=metadata.name%3Dwatched";
        const stream = await connection.open("GET", `${CONFIG_MAPS}?watch=1&resourceVersion=${from}&${selector}`);
        for await (const line of linesOf(stream, 4)) {
          from = (JSON.parse(line) as { object: Body }).object.metadata.resourceVersion;
          seen.push(from);
        }
        connection.close();
      }
    };
    await Promise.all([write(), follow()]);
    expect(seen).toEqual(written);
  });

  it("give a Service's address and port to one Service only", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `service-${index}`);
    const made = await Promise.all(
      names.map((name, index) =>
        at(index).send("POST", "/api/v1/namespaces/default/services", {
          metadata: { name },
          spec: { type: "NodePort", ports: [{ port: 80 }] },
        }),
      ),
    );
    expect(made.map(({ code }) => code)).toEqual(names.map(() => 201));
    expect(new Set(made.map(({ body }) => body.spec.clusterIP)).size).toBe(names.length);
    expect(new Set(made.map(({ body }) => body.spec.ports[0]?.nodePort)).size).toBe(names.length);
  });

  it("let one of many evictions through that a budget allows once", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await at(0).send("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
    const names = Array.from({ length: 12 }, (_, index) => `evicted-${index}`);
    for (const [index, name] of names.entries()) {
      const { code } = await at(index).send("POST", pods, {
        metadata: { name, labels: { app: "evicted" } },
        spec: { containers: [{ name: "main", image: "none" }] },
      });
      expect(code).toBe(201);
      const { body } = await at(index).send("GET", `${pods}/${name}`);
      body.status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
      expect((await at(index).send("PUT", `${pods}/${name}/status`, body)).code).toBe(200);
    }
    const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    const budget = await at(1).send("POST", budgets, {
      metadata: { name: "budget" },
      spec: { minAvailable: 11, selector: { matchLabels: { app: "evicted" } } },
    });
    budget.body.status = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 12,
      desiredHealthy: 11,
      expectedPods: 12,
    };
    expect((await at(2).send("PUT", `${budgets}/budget/status`, budget.body)).code).toBe(200);
    const evictions = await Promise.all(
      names.map((name, index) =>
        at(index * 5).send("POST", `${pods}/${name}/eviction`, {
          kind: "Eviction",
          apiVersion: "policy/v1",
          metadata: { name },
        }),
      ),
    );
    expect(evictions.map(({ code }) => code).sort((left, right) => left - right)).toEqual([
      201,
      ...Array<number>(11).fill(429),
    ]);
  });

  it("count as one server on every connection's /metrics", async () => {
    const series = /^apiserver_request_total\{verb="GET",.*resource="secrets",.*code="404"\} (\d+)$/mu;
    await Promise.all(connections.map((one) => one.send("GET", "/api/v1/namespaces/default/secrets/none")));
    const pages = await Promise.all(connections.map((one) => one.send("GET", "/metrics")));
    expect(pages.map(({ text }) => series.exec(text)?.[1])).toEqual(connections.map(() => String(CONNECTIONS)));
  });

  it("answer everywhere about their health", async () => {
    const answers = await Promise.all(connections.map((one) => one.send("GET", "/readyz?verbose")));
    for (const { code, text } of answers) {
      expect(code).toBe(200);
      expect(text).toMatch(/\[\+\]etcd ok[^]*\[\+\]informer-sync ok[^]*readyz check passed/u);
    }
  });

  it("end their own connections when one dies, and come back", async () => {
    const [other] = threads.all;
    const streams = await Promise.all(connections.map((one) => one.open("GET", `${CONFIG_MAPS}?watch=1`)));
    // Whether each shows what happens after the other thread's death, or ends.
    const shows = streams.map(async (stream) => {
      try {
        for await (const chunk of stream) if (String(chunk).includes('"name":"after-death"')) return true;
        return false;
      } catch {
        return false;
      }
    });
    await other?.terminate();
    expect(threads.all.length).toBe(0);
    const fresh = connections.map(() => new HttpConnection<Body>(api.access));
    const answers = await Promise.all(fresh.map((one) => one.send("GET", CONFIG_MAPS)));
    expect(answers.map(({ code }) => code)).toEqual(connections.map(() => 200));
    while (threads.all.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all(threads.all.map((thread) => thread.serving));
    const made = await fresh[0]?.send("POST", CONFIG_MAPS, configMap("after-death"));
    expect(made?.code).toBe(201);
    const isShown = await Promise.all(shows);
    expect(isShown).toContain(true);
    expect(isShown).toContain(false);
    for (const one of fresh) one.close();
  }, 20_000);

  it("let kept-alive clients connect anew when another thread has come", async () => {
    for (const thread of threads.all) await thread.stop();
    expect(threads.all.length).toBe(0);
    const before = await Promise.all(connections.map((one) => one.send("GET", `${CONFIG_MAPS}/counter`)));
    expect(before.map(({ headers }) => headers.connection)).toEqual(connections.map(() => "keep-alive"));
    await threads.start();
    const asked = await Promise.all(connections.map((one) => one.send("GET", `${CONFIG_MAPS}/counter`)));
    expect(asked.map(({ headers }) => headers.connection)).toEqual(connections.map(() => "close"));
    const after = await Promise.all(connections.map((one) => one.send("GET", `${CONFIG_MAPS}/counter`)));
    expect(after.map(({ headers }) => headers.connection)).toEqual(connections.map(() => "keep-alive"));
  });

  it("refuse to start beside another server on the same port", async () => {
    await expect(
      startTestApiServer({ servingThreads: 2, securePort: api.port }).then((second) => second.stop()),
    ).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("end their watches in an orderly way when the server stops", async () => {
    const streams = await Promise.all(connections.map((one) => one.open("GET", `${CONFIG_MAPS}?watch=1`)));
    const ends = streams.map(async (stream) => {
      for await (const _chunk of stream) continue;
      return stream.complete;
    });
    await api.server.stop();
    expect(await Promise.all(ends)).toEqual(streams.map(() => true));
    expect(threads.all.length).toBe(0);
  });
});
