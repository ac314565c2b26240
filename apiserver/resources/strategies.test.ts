import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import { clone } from "../../shared/machinery/clone.ts";
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";
import { ANONYMOUS } from "../authentication/user.ts";
import type { Strategy } from "../registry/strategy.ts";
import { decodeBody } from "../schema/decode.ts";
import { tableOf } from "../tables/table.ts";
import { validateObjectMeta } from "../validation/object-meta.ts";
import { builtInStrategies } from "./all.ts";

const ORIGIN = { user: ANONYMOUS, now: "2026-01-01T00:00:00Z" };
const NOW_MS = 1_767_225_660_000; // 2026-01-01T00:01:00Z

/** The example as a client would send it: named, and in the kind's scope. */
function decodeExample<T extends KubeObject>(strategy: Strategy<T>): T {
  const { resource } = strategy;
  const draft = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...strategy.example,
    metadata: {
      name: "example",
      ...(resource.scope === "Namespaced" ? { namespace: "default" } : {}),
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...strategy.example.metadata,
    },
  };
  const { object } = decodeBody({
    bytes: new TextEncoder().encode(stringifyJson(draft)),
    contentType: "application/json",
    expected: resource,
    fieldValidation: "Strict",
  });
  return object as T;
}

describe.each(
  builtInStrategies.map((strategy) => ({
    strategy,
    name: `${strategy.resource.kind} (${apiVersionOf(strategy.resource)})`,
  })),
)("the strategy of $name", ({ strategy }) => {
  it("takes its own example through decoding, defaulting and validation", () => {
    strategy.use((typed) => {
      const object = decodeExample(typed);
      typed.defaults?.(object);
      typed.prepareForCreate?.(object, ORIGIN);
      expect(typed.validate?.(object) ?? []).toEqual([]);
      expect(
        validateObjectMeta(object.metadata, { scope: typed.resource.scope, validateName: typed.validateName }),
      ).toEqual([]);
      const next = clone(object);
      typed.prepareForUpdate?.(next, object, ORIGIN);
      expect(next).toEqual(object);
      expect(typed.validateUpdate?.(next, object) ?? []).toEqual([]);
    });
  });

  it("defaults to something that defaulting leaves alone", () => {
    strategy.use((typed) => {
      const object = decodeExample(typed);
      typed.defaults?.(object);
      const again = clone(object);
      typed.defaults?.(again);
      expect(again).toEqual(object);
    });
  });

  it("survives a draft that has nothing in it", () => {
    strategy.use((typed) => {
      const { object } = decodeBody({
        bytes: new TextEncoder().encode("{}"),
        contentType: "application/json",
        expected: typed.resource,
        fieldValidation: "Strict",
      });
      const empty = object as typeof typed.example & KubeObject as Parameters<NonNullable<typeof typed.defaults>>[0];
      typed.defaults?.(empty);
      typed.prepareForCreate?.(empty, ORIGIN);
      expect(() => typed.validate?.(empty)).not.toThrow();
      for (const field of Object.values(typed.selectableFields ?? {})) expect(typeof field(empty)).toBe("string");
      expect(tableOf(strategy, [empty], { nowMs: NOW_MS }).rows).toHaveLength(1);
    });
  });

  it("prints a row with a cell per column", () => {
    strategy.use((typed) => {
      const object = decodeExample(typed);
      typed.defaults?.(object);
      const table = tableOf(strategy, [object], { nowMs: NOW_MS });
      expect(table.rows[0]?.cells).toHaveLength(table.columnDefinitions.length);
      expect(table.rows[0]?.cells).not.toContain(undefined);
    });
  });

  it("keeps a stored object through its conversion", () => {
    strategy.use((typed) => {
      if (typed.conversion === undefined) return;
      const object = decodeExample(typed);
      expect(typed.conversion.fromStored(typed.conversion.toStored(object))).toMatchObject(clone(object));
    });
  });
});
