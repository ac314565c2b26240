/** The rules of ownership, without a server. Those of one kind and its subresources are tried through the API. */
import fc from "fast-check";
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { membersOf, readFieldSet } from "../../schema/apply/field-set.ts";
import { fieldTypeOfKind } from "../../schema/apply/field-type.ts";
import { pathText } from "../../schema/apply/path-text.ts";
import { applyConfiguration } from "./apply.ts";
import { trackUpdate } from "./track-update.ts";
import { resetFields, type TrackedKind } from "./tracked-fields.ts";

const KIND: TrackedKind = {
  apiVersion: "apps/v1",
  type: fieldTypeOfKind({ group: "apps", version: "v1", kind: "Deployment" }),
  ignored: resetFields(true, ""),
};
const NOTHING: KubeObject = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "" } };

let clock = 0;
/** A time for each write. */
const tick = (): string => new Date(Date.UTC(2030, 0, 1, 0, 0, clock++)).toISOString().replace(".000Z", "Z");

interface Config {
  readonly labels?: Record<string, string>;
  readonly finalizers?: string[];
  readonly spec?: object;
}

const whole = ({ spec, ...metadata }: Config): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", ...metadata },
  ...(spec === undefined ? {} : { spec }),
});

function apply(live: KubeObject | undefined, manager: string, config: Config, isForced = false): KubeObject {
  const name = { manager, operation: "Apply", apiVersion: "apps/v1", subresource: "" } as const;
  const application = { kind: KIND, config: whole(config), name, isForced, now: tick() };
  const { object, managedFields } = applyConfiguration(application, live ?? NOTHING, live === undefined);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function update(live: KubeObject | undefined, manager: string, next: object): KubeObject {
  const object = structuredClone(next) as KubeObject;
  const name = { manager, operation: "Update", apiVersion: "apps/v1", subresource: "" } as const;
  const managedFields = trackUpdate(KIND, live, () => NOTHING, object, name, tick());
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** `expect.stringMatching` is `any`. */
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const without = (object: KubeObject): object => ({
  ...object,
  metadata: { ...object.metadata, managedFields: undefined },
});

/** `manager/operation` and the paths that it owns. */
function owners(object: KubeObject): Record<string, string[]> {
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry: ManagedFieldsEntry) => [
      `${entry.manager ?? ""}/${entry.operation ?? ""}`,
      membersOf(readFieldSet(entry.fieldsV1) ?? {}).map(pathText),
    ]),
  );
}

function failure(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it went well");
}

const containers = (...items: object[]): Config => ({ spec: { template: { spec: { containers: items } } } });

describe("server-side apply", () => {
  it("owns what it names and nothing of the object's identity", () => {
    expect(owners(apply(undefined, "a", { labels: { x: "1" }, spec: { replicas: 1 } }))).toEqual({
      "a/Apply": [".metadata.labels.x", ".spec.replicas"],
    });
  });

  it("shares what others set to the same value, and then either may leave it", () => {
    const shared = apply(apply(undefined, "a", { spec: { replicas: 1 } }), "b", { spec: { replicas: 1 } });
    expect(owners(shared)).toEqual({ "a/Apply": [".spec.replicas"], "b/Apply": [".spec.replicas"] });
    const left = apply(shared, "a", {});
    expect([left, owners(left)]).toMatchObject([{ spec: { replicas: 1 } }, { "b/Apply": [".spec.replicas"] }]);
    expect(owners(left)["a/Apply"]).toBeUndefined();
    expect(apply(left, "b", {})).not.toHaveProperty("spec.replicas");
  });

  it("is refused when it would change what others own, and says whose", () => {
    const live = update(apply(undefined, "a", { labels: { x: "1" } }), "editor", {
      ...whole({ labels: { x: "1" }, spec: { replicas: 3 } }),
    });
    expect(failure(() => apply(live, "b", { labels: { x: "2" }, spec: { replicas: 1 } }))).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: matching(
        /^Apply failed with 2 conflicts: conflicts with "a":\n- \.metadata\.labels\.x\nconflicts with "editor" using apps\/v1 at \S+Z:\n- \.spec\.replicas$/u,
      ),
      details: {
        causes: [
          { reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".metadata.labels.x" },
          { reason: "FieldManagerConflict", field: ".spec.replicas" },
        ],
      },
    });
  });

  it("takes over by force", () => {
    const live = apply(undefined, "a", { labels: { x: "1", y: "1" } });
    const forced = apply(live, "b", { labels: { x: "2" } }, true);
    expect(forced.metadata.labels).toEqual({ x: "2", y: "1" });
    expect(owners(forced)).toEqual({ "a/Apply": [".metadata.labels.y"], "b/Apply": [".metadata.labels.x"] });
  });

  it("removes what it no longer names: fields, entries of maps, items of lists", () => {
    const first = apply(undefined, "a", {
      labels: { x: "1", y: "1" },
      finalizers: ["a/one", "a/two"],
      ...containers({ name: "one", image: "i" }, { name: "two", image: "i" }),
    });
    const second = apply(first, "a", {
      labels: { y: "1" },
      finalizers: ["a/two"],
      ...containers({ name: "two", image: "i" }),
    });
    expect(without(second)).toEqual(
      whole({ labels: { y: "1" }, finalizers: ["a/two"], ...containers({ name: "two", image: "i" }) }),
    );
  });

  it("leaves an item of a list to those who own something in it", () => {
    const first = apply(undefined, "a", containers({ name: "one", image: "i" }));
    const both = apply(first, "b", containers({ name: "one", workingDir: "/" }));
    const left = apply(both, "a", containers());
    expect(without(left)).toEqual(whole(containers({ name: "one", workingDir: "/" })));
    expect(owners(left)).toEqual({
      "b/Apply": [
        '.spec.template.spec.containers[name="one"]',
        '.spec.template.spec.containers[name="one"].name',
        '.spec.template.spec.containers[name="one"].workingDir',
      ],
    });
  });

  it("owns atomic lists and maps as a whole", () => {
    const live = apply(undefined, "a", { spec: { selector: { matchLabels: { app: "a" } } } });
    expect(owners(live)).toEqual({ "a/Apply": [".spec.selector"] });
    const other = { spec: { selector: { matchLabels: { app: "a", more: "b" } } } };
    expect(failure(() => apply(live, "b", other))).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "a": .spec.selector',
    });
  });

  it("gives what was there before the first apply to a manager of its own", () => {
    const live = { ...whole({ labels: { x: "1" }, spec: { replicas: 1 } }) } as KubeObject;
    const applied = apply(live, "a", { labels: { y: "1" } });
    expect(owners(applied)).toEqual({
      "before-first-apply/Update": [".metadata.labels", ".metadata.labels.x", ".spec", ".spec.replicas"],
      "a/Apply": [".metadata.labels.y"],
    });
  });

  it("keeps no time of an apply that changed nothing", () => {
    const first = apply(undefined, "a", { spec: { replicas: 1 } });
    expect(apply(first, "a", { spec: { replicas: 1 } })).toEqual(first);
  });

  it("lets kubectl take over what it applied on the client's side, and renews its annotation", () => {
    const annotation = "kubectl.kubernetes.io/last-applied-configuration";
    const before = whole({ spec: { replicas: 1, paused: true } }) as KubeObject;
    const annotated = {
      ...before,
      metadata: { ...before.metadata, annotations: { [annotation]: JSON.stringify(whole({ spec: { replicas: 1 } })) } },
    };
    const live = update(undefined, "kubectl-client-side-apply", annotated);
    const applied = apply(live, "kubectl", { spec: { replicas: 2 } });
    expect(JSON.parse(applied.metadata.annotations?.[annotation] ?? "")).toMatchObject({ spec: { replicas: 2 } });
    expect(failure(() => apply(live, "kubectl", { spec: { replicas: 2, paused: false } }))).toMatchObject({
      message: matching(/^Apply failed with 1 conflict: .*: \.spec\.paused$/u),
    });
    expect(failure(() => apply(live, "other", { spec: { replicas: 2 } }))).toMatchObject({ code: 409 });
  });

  it("does not own or change the status of kinds that have one apart", () => {
    const live = update(undefined, "a", { ...whole({}), status: { replicas: 1 } });
    const name = { manager: "b", operation: "Apply", apiVersion: "apps/v1", subresource: "" } as const;
    const config = { ...whole({ labels: { x: "1" } }), status: { replicas: 2 } };
    const application = { kind: KIND, config, name, isForced: false, now: tick() };
    const { managedFields } = applyConfiguration(application, live, false);
    expect(owners({ ...live, metadata: { ...live.metadata, managedFields } })["b/Apply"]).toEqual([
      ".metadata.labels.x",
    ]);
  });

  it.each<[string, object, number, string]>([
    [
      "another version",
      { ...whole({}), apiVersion: "apps/v1beta1" },
      400,
      "Incorrect version specified in apply patch. Specified patch version: apps/v1beta1, expected: apps/v1",
    ],
    [
      "an unknown field",
      whole({ spec: { foo: 1 } }),
      500,
      "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema",
    ],
  ])("is refused for %s", (_, config, code, message) => {
    const name = { manager: "a", operation: "Apply", apiVersion: "apps/v1", subresource: "" } as const;
    const application = { kind: KIND, config, name, isForced: false, now: tick() };
    expect(failure(() => applyConfiguration(application, NOTHING, true))).toMatchObject({ code, message });
  });
});

const word = fc.constantFrom("a", "b", "c");
/** Without empty lists and maps: nobody owns those, and reading the object drops them. */
const anyConfig: fc.Arbitrary<Config> = fc.record(
  {
    labels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3 }),
    finalizers: fc.uniqueArray(fc.constantFrom("x/a", "x/b", "x/c"), { minLength: 1 }),
    spec: fc
      .record(
        {
          replicas: fc.integer({ min: 0, max: 2 }),
          template: fc.record({
            spec: fc.record({
              containers: fc.uniqueArray(
                fc.record({ name: word, image: word, workingDir: word }, { requiredKeys: ["name"] }),
                { minLength: 1, selector: ({ name }) => name },
              ),
            }),
          }),
        },
        { requiredKeys: [] },
      )
      .filter((spec) => Object.keys(spec).length > 0),
  },
  { requiredKeys: [] },
);
const steps = fc.array(fc.record({ manager: fc.constantFrom("m", "n", "o"), config: anyConfig }), { maxLength: 5 });

describe("whatever was applied before,", () => {
  const history = (taken: readonly { manager: string; config: Config }[]): KubeObject | undefined =>
    taken.reduce<KubeObject | undefined>((live, { manager, config }) => apply(live, manager, config, true), undefined);

  it("applying twice changes nothing", () => {
    fc.assert(
      fc.property(steps, anyConfig, (taken, config) => {
        const once = apply(history(taken), "m", config, true);
        expect(apply(once, "m", config, true)).toEqual(once);
        expect(apply(once, "m", config)).toEqual(once);
      }),
    );
  });

  it("what is applied is there, and owned", () => {
    fc.assert(
      fc.property(steps, anyConfig, (taken, config) => {
        const object = apply(history(taken), "m", config, true);
        const alone = apply(undefined, "m", config);
        expect(object.metadata.labels ?? {}).toMatchObject(config.labels ?? {});
        expect(owners(object)["m/Apply"]).toEqual(owners(alone)["m/Apply"]);
      }),
    );
  });

  it("every field has an owner, and what one abandons alone is gone", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const object = history(taken);
        if (object === undefined) return;
        const gone = ["m", "n", "o"].reduce((live, manager) => apply(live, manager, {}, true), object);
        expect(owners(gone)).toEqual({});
        const { metadata, ...rest } = gone as KubeObject & { spec?: { template?: unknown } };
        expect([metadata.labels ?? {}, metadata.finalizers ?? [], rest.spec ?? {}]).toEqual([{}, [], {}]);
      }),
    );
  });

  it("owners of different fields do not mind their order", () => {
    fc.assert(
      fc.property(fc.dictionary(word, word), fc.dictionary(word, word), fc.integer(), (ours, theirs, replicas) => {
        const one: Config = {
          labels: Object.fromEntries(Object.entries(ours).map(([key, value]) => [`m-${key}`, value])),
        };
        const two: Config = {
          labels: Object.fromEntries(Object.entries(theirs).map(([key, value]) => [`n-${key}`, value])),
          spec: { replicas },
        };
        const first = apply(apply(undefined, "m", one), "n", two);
        const second = apply(apply(undefined, "n", two), "m", one);
        expect(without(first)).toEqual(without(second));
        expect(owners(first)).toEqual(owners(second));
      }),
    );
  });
});

describe("updates", () => {
  it("own what they change beside what they had, and take it from others", () => {
    const created = update(undefined, "a", whole({ labels: { x: "1" }, spec: { replicas: 1 } }));
    expect(owners(created)).toEqual({
      "a/Update": [".metadata.labels", ".metadata.labels.x", ".spec", ".spec.replicas"],
    });
    const changed = update(created, "b", whole({ labels: { x: "1", y: "2" }, spec: { replicas: 2 } }));
    expect(owners(changed)).toEqual({
      "a/Update": [".metadata.labels", ".metadata.labels.x", ".spec"],
      "b/Update": [".metadata.labels.y", ".spec.replicas"],
    });
  });

  it("leave nobody owning what they removed", () => {
    const created = update(undefined, "a", whole({ labels: { x: "1", y: "1" } }));
    expect(owners(update(created, "b", whole({ labels: { x: "1" } })))).toEqual({
      "a/Update": [".metadata.labels", ".metadata.labels.x"],
    });
  });

  it("forget everything when a client resets the entries, and track nothing until somebody applies", () => {
    const created = update(undefined, "a", whole({ labels: { x: "1" } }));
    const reset = update(created, "b", { ...created, metadata: { ...created.metadata, managedFields: [{}] } });
    expect(reset.metadata.managedFields).toBeUndefined();
    expect(update(reset, "c", whole({ labels: { x: "2" } })).metadata.managedFields).toBeUndefined();
  });

  it("take entries that a client wrote, and the stored ones for what cannot be read", () => {
    const created = update(undefined, "a", whole({ labels: { x: "1" } }));
    const given = (managedFields: object[]): object => ({
      ...created,
      metadata: { ...created.metadata, managedFields },
    });
    const entry = { manager: "z", operation: "Apply", apiVersion: "apps/v1", fieldsType: "FieldsV1" };
    const mine = [{ ...entry, fieldsV1: { "f:spec": { "f:replicas": {} } } }];
    expect(owners(update(created, "a", given(mine)))).toEqual({ "z/Apply": [".spec.replicas"] });
    for (const wrong of [
      { ...entry, fieldsV1: { spec: {} } },
      { ...entry, operation: "Steal" },
      { ...entry, fieldsType: "FieldsV2" },
    ])
      expect(owners(update(created, "a", given([wrong])))).toEqual(owners(created));
  });

  it("tell ten updaters apart, and no more", () => {
    let live = update(undefined, "m0", whole({ labels: { m0: "1" } }));
    for (let count = 1; count < 15; count++) {
      live = update(live, `m${count}`, whole({ labels: { ...live.metadata.labels, [`m${count}`]: "1" } }));
    }
    const names = (live.metadata.managedFields ?? []).map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names).toEqual(["ancient-changes", ...Array.from({ length: 9 }, (_, index) => `m${index + 6}`)]);
    expect(owners(live)["ancient-changes/Update"]).toContain(".metadata.labels.m3");
  });
});
