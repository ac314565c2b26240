/**
 * Volumes that are made of the API's files, in every shape that conformance asks for, and what a pod must find in them.
 * One pod mounts all of them at once: as root, as a user, or as a user with a group of the pod's.
 */
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from "../../shared/api/generated/core/v1.ts";

export const MAP = "map";
export const SECRET = "secret";

/** Data of the ConfigMap and the Secret (there encoded). */
export const TEXT: Readonly<Record<string, string>> = { "data-1": "value-1", "data-2": "value-2" };
export const BINARY = Buffer.from([0xde, 0xca, 0xfe, 0x00, 0xff]);

export interface VolumeCase {
  readonly title: string;
  readonly volume: Omit<Volume, "name">;
  /** Path to content and mode; with a group of the pod's the mode lets the group read. */
  readonly files: Readonly<Record<string, readonly [text: string, mode: number]>>;
}

const mapping = (mode?: number): KeyToPath[] => [
  { key: "data-2", path: "path/to/data-2", ...(mode === undefined ? {} : { mode }) },
];

type Keyed = { readonly items?: KeyToPath[]; readonly optional?: boolean };
type Shape = { readonly kind: string; make(source: Keyed, defaultMode?: number): Omit<Volume, "name"> };

const modeField = (defaultMode: number | undefined): { defaultMode?: number } =>
  defaultMode === undefined ? {} : { defaultMode };

const KEYED: readonly Shape[] = [
  { kind: "configMap", make: (source, mode) => ({ configMap: { name: MAP, ...source, ...modeField(mode) } }) },
  { kind: "secret", make: (source, mode) => ({ secret: { secretName: SECRET, ...source, ...modeField(mode) } }) },
  {
    kind: "projected configMap",
    make: (source, mode) => projected([{ configMap: { name: MAP, ...source } }], mode),
  },
  {
    kind: "projected secret",
    make: (source, mode) => projected([{ secret: { name: SECRET, ...source } }], mode),
  },
];

function projected(sources: VolumeProjection[], mode?: number): Omit<Volume, "name"> {
  return { projected: { sources, ...modeField(mode) } };
}

const only = (key: string): KeyToPath[] => [{ key, path: key }];

function keyedCases({ kind, make }: Shape): VolumeCase[] {
  const one = (mode: number) => ({ "data-1": ["value-1", mode] as const });
  return [
    { title: `a ${kind}`, volume: make({ items: only("data-1") }), files: one(0o644) },
    { title: `a second volume of the same ${kind}`, volume: make({ items: only("data-1") }), files: one(0o644) },
    { title: `a ${kind} with a mode`, volume: make({ items: only("data-1") }, 0o400), files: one(0o400) },
    {
      title: `a ${kind} with mappings`,
      volume: make({ items: mapping() }),
      files: { "path/to/data-2": ["value-2", 0o644] },
    },
    {
      title: `a ${kind} with mappings that have a mode`,
      volume: make({ items: mapping(0o400) }),
      files: { "path/to/data-2": ["value-2", 0o400] },
    },
  ];
}

const field = (path: string, fieldPath: string, mode?: number): DownwardAPIVolumeFile => ({
  path,
  fieldRef: { fieldPath },
  ...(mode === undefined ? {} : { mode }),
});
const resource = (path: string, name: string, containerName: string, divisor?: string): DownwardAPIVolumeFile => ({
  path,
  resourceFieldRef: { containerName, resource: name, ...(divisor === undefined ? {} : { divisor }) },
});

const DOWNWARD: readonly {
  readonly kind: string;
  make(items: DownwardAPIVolumeFile[], mode?: number): Omit<Volume, "name">;
}[] = [
  { kind: "downwardAPI", make: (items, mode) => ({ downwardAPI: { items, ...modeField(mode) } }) },
  { kind: "projected downwardAPI", make: (items, mode) => projected([{ downwardAPI: { items } }], mode) },
];

/** What the pod of the cases asks for, and what its node has. */
export interface Amounts {
  readonly podName: string;
  readonly nodeCpu: string;
  readonly nodeMemory: string;
}

function downwardCases(amounts: Amounts): VolumeCase[] {
  return DOWNWARD.flatMap(({ kind, make }): VolumeCase[] => [
    {
      title: `the pod's name by ${kind}`,
      volume: make([field("name", "metadata.name")]),
      files: { name: [amounts.podName, 0o644] },
    },
    {
      title: `${kind} with a mode`,
      volume: make([field("name", "metadata.name")], 0o400),
      files: { name: [amounts.podName, 0o400] },
    },
    {
      title: `${kind} with a mode of an item`,
      volume: make([field("name", "metadata.name", 0o400)]),
      files: { name: [amounts.podName, 0o400] },
    },
    {
      title: `a container's limits and requests by ${kind}`,
      volume: make([
        resource("cpu-limit", "limits.cpu", "main"),
        resource("cpu-request", "requests.cpu", "main", "1m"),
        resource("memory-limit", "limits.memory", "main", "1Mi"),
        resource("memory-request", "requests.memory", "main"),
      ]),
      files: {
        "cpu-limit": ["2", 0o644],
        "cpu-request": ["250", 0o644],
        "memory-limit": ["64", 0o644],
        "memory-request": ["33554432", 0o644],
      },
    },
    {
      title: `the node's amounts where a container has no limit by ${kind}`,
      volume: make([resource("cpu", "limits.cpu", "unlimited"), resource("memory", "limits.memory", "unlimited")]),
      files: { cpu: [amounts.nodeCpu, 0o644], memory: [amounts.nodeMemory, 0o644] },
    },
  ]);
}

export function volumeCases(amounts: Amounts): VolumeCase[] {
  return [
    ...KEYED.flatMap(keyedCases),
    {
      title: "binary data of a configMap",
      volume: { configMap: { name: MAP, items: only("binary") } },
      files: { binary: [BINARY.toString("hex"), 0o644] },
    },
    {
      title: "all sources together",
      volume: projected([
        { configMap: { name: MAP, items: [{ key: "data-1", path: "configmap-data" }] } },
        { secret: { name: SECRET, items: [{ key: "data-2", path: "secret-data" }] } },
        { downwardAPI: { items: [field("podname", "metadata.name")] } },
      ]),
      files: {
        "configmap-data": ["value-1", 0o644],
        "secret-data": ["value-2", 0o644],
        podname: [amounts.podName, 0o644],
      },
    },
    ...downwardCases(amounts),
  ];
}
