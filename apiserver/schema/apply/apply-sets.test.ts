import fc from "fast-check";
import { compareFields } from "./compare.ts";
import { configurationProblems } from "./check.ts";
import {
  difference,
  type FieldSet,
  fieldSetOf,
  intersection,
  isEmptySet,
  LEAF,
  membersOf,
  NO_FIELDS,
  readFieldSet,
  sortedFieldSet,
  union,
  withoutBelow,
} from "./field-set.ts";
import { fieldTypeOf, fieldTypeOfKind } from "./field-type.ts";
import { mergeConfiguration } from "./merge.ts";
import { pathText } from "./path-text.ts";
import { removeFields } from "./remove.ts";
import { fieldsNamedBy } from "./to-field-set.ts";

const POD = fieldTypeOfKind({ group: "", version: "v1", kind: "Pod" });

const paths = (set: FieldSet): string[] => membersOf(set).map(pathText);

/** Sets over few names, so that they meet. */
const anyPath = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 });
const anySet = fc.array(anyPath, { maxLength: 8 }).map(fieldSetOf);
const membersAsText = (set: FieldSet): Set<string> => new Set(paths(set));

describe("field sets", () => {
  it("are what sets are: union, intersection and difference by members", () => {
    fc.assert(
      fc.property(anySet, anySet, (left, right) => {
        const [ours, theirs] = [membersAsText(left), membersAsText(right)];
        expect(membersAsText(union(left, right))).toEqual(ours.union(theirs));
        expect(membersAsText(intersection(left, right))).toEqual(ours.intersection(theirs));
        expect(membersAsText(difference(left, right))).toEqual(ours.difference(theirs));
        const below = [...ours].filter(
          (path) => ![...theirs].some((one) => path === one || path.startsWith(`${one}.`)),
        );
        expect(membersAsText(withoutBelow(left, right))).toEqual(new Set(below));
      }),
    );
  });

  it("survive being written and read", () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const read = readFieldSet(JSON.parse(JSON.stringify(sortedFieldSet(set))));
        expect(membersAsText(read ?? NO_FIELDS)).toEqual(membersAsText(set));
      }),
    );
  });

  it("are empty when nothing is left", () => {
    fc.assert(
      fc.property(anySet, (set) => isEmptySet(difference(set, set)) && isEmptySet(intersection(set, NO_FIELDS))),
    );
  });

  it.each<[string, unknown]>([
    ["a text", "f:a"],
    ["a list", ["f:a"]],
    ["an element of no form", { a: {} }],
    ["an element whose key is no JSON", { "k:{": {} }],
    ["an element whose key is no object", { "k:1": {} }],
    ["an index that is none", { "i:x": {} }],
  ])("are not read from %s", (_, value) => {
    expect(readFieldSet(value)).toBeUndefined();
  });

  it("are read in the canonical spelling", () => {
    expect(readFieldSet({ 'k:{ "b": 1, "a": "x" }': {}, "v: 1": {} })).toEqual({ 'k:{"a":"x","b":1}': {}, "v:1": {} });
  });
});

describe("the fields that a configuration names", () => {
  it.each<[string, object, string[]]>([
    ["scalars", { spec: { nodeName: "n" } }, [".spec.nodeName"]],
    ["entries of maps", { metadata: { labels: { a: "1" } } }, [".metadata.labels.a"]],
    ["an empty map", { metadata: { labels: {} } }, [".metadata.labels"]],
    ["null", { spec: { containers: null } }, [".spec.containers"]],
    ["an empty list of items that have keys: none", { spec: { containers: [] } }, []],
    [
      "an atomic list as a whole",
      { spec: { containers: [{ name: "a", command: ["x"] }] } },
      ['.spec.containers[name="a"]', '.spec.containers[name="a"].command', '.spec.containers[name="a"].name'],
    ],
    ["an atomic map as a whole", { spec: { nodeSelector: { a: "b" } } }, [".spec.nodeSelector"]],
    ["items of sets by their value", { metadata: { finalizers: ["x/y"] } }, ['.metadata.finalizers[="x/y"]']],
    [
      "keys with their defaults",
      { spec: { containers: [{ name: "a", ports: [{ containerPort: 80 }] }] } },
      [
        '.spec.containers[name="a"]',
        '.spec.containers[name="a"].name',
        '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]',
        '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].containerPort',
      ],
    ],
  ])("%s", (_, value, expected) => {
    expect(paths(fieldsNamedBy(POD, value))).toEqual(expected);
  });
});

describe("what does not fit the schema", () => {
  it.each<[string, object, string[]]>([
    ["an unknown field", { spec: { foo: 1 } }, [".spec.foo: field not declared in schema"]],
    [
      "a text for a number",
      { spec: { priority: "x" } },
      [".spec.priority: expected numeric (int or float), got string"],
    ],
    ["a map for a list", { spec: { containers: {} } }, [".spec.containers: expected list, got map"]],
    ["a text for a map", { spec: "x" }, [".spec: expected map, got string"]],
    [
      "an item twice",
      { spec: { containers: [{ name: "a" }, { name: "a" }] } },
      ['.spec.containers: duplicate entries for key [name="a"]'],
    ],
    [
      "an item without its key",
      { spec: { containers: [{ image: "x" }] } },
      [
        '.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
      ],
    ],
  ])("is told: %s", (_, value, expected) => {
    expect(configurationProblems(POD, value)).toEqual(expected);
  });

  it("is nothing for a number in place of a quantity", () => {
    const container = { name: "a", resources: { limits: { cpu: 1 } } };
    expect(configurationProblems(POD, { spec: { containers: [container] } })).toEqual([]);
  });
});

/** Objects of a small schema with every kind of list and map. */
const SMALL = fieldTypeOf({
  type: "object",
  properties: {
    scalar: { type: "string" },
    map: { type: "object", additionalProperties: { type: "string" } },
    atomicMap: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
    atomicList: { type: "array", items: { type: "string" } },
    set: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    list: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
      items: { type: "object", properties: { key: { type: "string" }, value: { type: "string" } } },
    },
    inner: { type: "object", properties: { scalar: { type: "string" } } },
  },
});
const word = fc.constantFrom("a", "b", "c", "d");
const uniqueItems = fc.uniqueArray(fc.record({ key: word, value: word }, { requiredKeys: ["key"] }), {
  maxLength: 4,
  selector: ({ key }) => key,
});
const anyObject = fc.record(
  {
    scalar: word,
    map: fc.dictionary(word, word, { maxKeys: 3 }),
    atomicMap: fc.dictionary(word, word, { maxKeys: 3 }),
    atomicList: fc.array(word, { maxLength: 3 }),
    set: fc.uniqueArray(word, { maxLength: 3 }),
    list: uniqueItems,
    inner: fc.record({ scalar: word }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

describe("merging", () => {
  it("sets all that the configuration names, and only that", () => {
    fc.assert(
      fc.property(anyObject, anyObject, (live, config) => {
        const merged = mergeConfiguration(SMALL, live, config);
        const { changed, removed } = compareFields(SMALL, live, merged);
        expect(isEmptySet(removed)).toBe(true);
        const named = fieldsNamedBy(SMALL, config);
        // Containers that come into being with their first field are changed without being named.
        const unnamed = paths(difference(changed, named)).filter(
          (path) => !/^\.(list|set|map|inner)(\[[^\]]*\])?$/u.test(path),
        );
        expect(unnamed).toEqual([]);
        expect(mergeConfiguration(SMALL, merged, config)).toEqual(merged);
      }),
    );
  });

  it("is the same in either order for configurations that have no field in common", () => {
    fc.assert(
      fc.property(anyObject, anyObject, (one, two) => {
        const other = removeFields(SMALL, two, fieldsNamedBy(SMALL, one)) ?? {};
        const first = mergeConfiguration(SMALL, mergeConfiguration(SMALL, {}, one), other);
        const second = mergeConfiguration(SMALL, mergeConfiguration(SMALL, {}, other), one);
        const { changed, removed } = compareFields(SMALL, first, second);
        expect(paths(union(changed, removed))).toEqual([]);
      }),
    );
  });

  it("keeps the order of the configuration, and what only the live list has where it was", () => {
    const list = (keys: string): object => ({ list: keys.split("").map((key) => ({ key })) });
    expect(mergeConfiguration(SMALL, list("abc"), list("ca"))).toEqual(list("cab"));
    expect(mergeConfiguration(SMALL, list("xay"), list("ab"))).toEqual(list("xayb"));
    expect(mergeConfiguration(SMALL, list("ab"), list("cab"))).toEqual(list("cab"));
  });
});

describe("removing", () => {
  it("leaves none of the fields and all of the others", () => {
    fc.assert(
      fc.property(anyObject, anyObject, (object, other) => {
        const gone = fieldsNamedBy(SMALL, other);
        const left = removeFields(SMALL, object, gone) ?? {};
        expect(paths(intersection(fieldsNamedBy(SMALL, left), gone))).toEqual([]);
        expect(paths(compareFields(SMALL, object, left).changed)).toEqual([]);
      }),
    );
  });
});

describe("comparing", () => {
  it("finds nothing between equal objects, whatever the order of their items", () => {
    fc.assert(
      fc.property(anyObject, (object) => {
        const turned = { ...object, ...(object.list === undefined ? {} : { list: object.list.toReversed() }) };
        expect(compareFields(SMALL, object, turned)).toEqual({ changed: {}, removed: {} });
      }),
    );
  });

  it("takes an atomic value as one field", () => {
    const { changed } = compareFields(SMALL, { atomicMap: { a: "1" } }, { atomicMap: { a: "2" } });
    expect(changed).toEqual({ "f:atomicMap": LEAF });
  });

  it("counts what comes into being, the object and its parts", () => {
    const { changed } = compareFields(SMALL, {}, { map: { a: "1" }, list: [{ key: "k", value: "v" }] });
    expect(sortedFieldSet(changed)).toEqual({
      "f:list": { ".": {}, 'k:{"key":"k"}': { ".": {}, "f:key": {}, "f:value": {} } },
      "f:map": { ".": {}, "f:a": {} },
    });
  });
});
