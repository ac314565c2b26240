import { configMapStrategy } from "../../resources/core/config-map.ts";
import { encodeStored } from "../../storage/codec.ts";
import { CachedRow } from "../../watch-cache/cached-row.ts";
import { protobufList } from "./protobuf-list.ts";

const ROWS = 1000;
const form = { format: "protobuf", as: undefined, version: "v1" } as const;
const options = { strategy: configMapStrategy, form, metadata: { resourceVersion: "1" } };

function rows(): CachedRow[] {
  return Array.from({ length: ROWS }, (_, index) => {
    const metadata = { name: `map-${index}`, namespace: "default" };
    const bytes = encodeStored({ kind: "ConfigMap", apiVersion: "v1", metadata, data: { key: "x".repeat(index) } });
    return new CachedRow(`/registry/configmaps/default/map-${index}`, index, bytes, metadata, []);
  });
}

const encoded = (all: readonly CachedRow[]): number => all.filter(({ protobuf }) => protobuf !== undefined).length;

describe("a list in protobuf", () => {
  it("is as long as it says, and what it is made of is encoded once", async () => {
    const all = rows();
    const bodies = await Promise.all([1, 2].map(() => protobufList(all, options, new AbortController().signal)));
    for (const body of bodies) {
      const bytes = Buffer.concat([
        body?.head ?? Buffer.alloc(0),
        ...(body?.items ?? []),
        body?.tail ?? Buffer.alloc(0),
      ]);
      expect(bytes).toHaveLength(body?.byteLength ?? -1);
    }
    expect([...(bodies[0]?.items ?? [])][500]).toBe([...(bodies[1]?.items ?? [])][500]);
    expect(encoded(all)).toBe(ROWS);
  });

  it("lets others run meanwhile, and ends when its client goes away", async () => {
    const all = rows();
    const client = new AbortController();
    const making = protobufList(all, options, client.signal);
    await new Promise((resolve) => setImmediate(resolve));
    client.abort();
    expect(await making).toBeUndefined();
    expect(encoded(all)).toBeGreaterThan(0);
    expect(encoded(all)).toBeLessThan(ROWS);
  });
});
