import { ask } from "../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";

interface List {
  readonly kind: string;
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly conditions?: readonly { readonly status: string; readonly message?: string; readonly error?: string }[];
  }[];
}

const PATH = "/api/v1/componentstatuses";
const as = (form: string): { headers: { accept: string } } => ({
  headers: { accept: `application/json;as=${form};v=v1;g=meta.k8s.io` },
});

describe("component statuses", () => {
  let api: TestApiServer;
  beforeAll(async () => {
    api = await startTestApiServer();
  });
  afterAll(() => api.stop());

  it("say how the store and the other components are, and that they are deprecated", async () => {
    const answer = await ask(api, PATH);
    const { kind, items } = answer.json<List>();
    expect([kind, ...items.map(({ metadata }) => metadata.name)]).toEqual([
      "ComponentStatusList",
      "controller-manager",
      "etcd-0",
      "scheduler",
    ]);
    expect(items[1]?.conditions).toEqual([{ type: "Healthy", status: "True", message: "ok" }]);
    // Whether a cluster runs on this machine or not: there is an answer, or the reason that there is none.
    for (const { conditions } of items) {
      const [condition] = conditions ?? [];
      expect((condition?.status === "True" ? condition.message : condition?.error) ?? "").not.toBe("");
    }
    expect(answer.headers["warning"]).toContain("v1 ComponentStatus is deprecated in v1.19+");
  });

  it("are read one by one, and chosen by name", async () => {
    expect((await ask(api, `${PATH}/etcd-0`)).json<List>()).toMatchObject({
      kind: "ComponentStatus",
      metadata: { name: "etcd-0" },
    });
    const chosen = (await ask(api, `${PATH}?fieldSelector=metadata.name%3Detcd-0`)).json<List>();
    expect(chosen.items.map(({ metadata }) => metadata.name)).toEqual(["etcd-0"]);
    expect((await ask(api, `${PATH}?labelSelector=a%3Db`)).json<List>().items).toEqual([]);
    const missing = await ask(api, `${PATH}/nobody`);
    expect([missing.code, missing.text]).toEqual([500, expect.stringContaining("Component not found: nobody")]);
  });

  it("come as tables and as bare metadata", async () => {
    const table = (await ask(api, `${PATH}/etcd-0`, as("Table"))).json<{ rows: { cells: unknown[] }[] }>();
    expect(table.rows[0]?.cells).toEqual(["etcd-0", "Healthy", "ok", ""]);
    const list = (await ask(api, PATH, as("PartialObjectMetadataList"))).json<List>();
    expect([list.kind, Object.keys(list.items[0] ?? {})]).toEqual([
      "PartialObjectMetadataList",
      ["kind", "apiVersion", "metadata"],
    ]);
    expect((await ask(api, PATH, as("PartialObjectMetadata"))).code).toBe(406);
  });

  it("can be read, and nothing else", async () => {
    expect((await ask(api, PATH, { method: "POST", body: {} })).code).toBe(405);
    expect((await ask(api, `${PATH}/etcd-0`, { method: "DELETE" })).code).toBe(405);
    expect((await ask(api, `${PATH}?watch=1`)).code).toBe(405);
  });
});
