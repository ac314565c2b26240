/** Objects of any kind, made of the example that its strategy declares: different names, and no address taken twice. */
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { AnyStrategy } from "../../apiserver/registry/strategy.ts";

/** Kinds whose name is bound to their content: the name of an index, and the texts of the example that go with it. */
const BOUND_NAMES: Readonly<Record<string, (index: number) => { name: string; replace: [string, string][] }>> = {
  ipaddresses: (index) => ({ name: `192.0.2.${index + 1}`, replace: [] }),
  apiservices: (index) => ({
    name: `v1.metrics${index}.example.com`,
    replace: [["metrics.example.com", `metrics${index}.example.com`]],
  }),
  customresourcedefinitions: (index) => ({
    name: `widget${index}s.example.com`,
    replace: [
      ['"widgets"', `"widget${index}s"`],
      ["widgets.example.com", `widget${index}s.example.com`],
    ],
  }),
};
/** That of the example service. */
const CLUSTER_IP = "10.96.0.10";

/** The name that the object of that index has. */
export function exampleName({ resource }: AnyStrategy, index: number): string {
  return BOUND_NAMES[resource.plural]?.(index).name ?? `example-${index}`;
}

/** Whether the server may choose the name (`generateName`). */
export function hasFreeName({ resource }: AnyStrategy): boolean {
  return BOUND_NAMES[resource.plural] === undefined;
}

/** A body to create, without kind and version; `metadata` is added to that of the example. */
export function exampleObject(
  strategy: AnyStrategy,
  index: number,
  metadata: Partial<KubeObject["metadata"]> = {},
): KubeObject {
  const bound = BOUND_NAMES[strategy.resource.plural]?.(index);
  const example = strategy.use((typed): { metadata?: object | undefined } => typed.example);
  const body = { ...example, metadata: { ...example.metadata, name: exampleName(strategy, index), ...metadata } };
  let text = JSON.stringify(body).replaceAll(CLUSTER_IP, `10.96.0.${10 + index}`);
  for (const [from, to] of bound?.replace ?? []) text = text.replaceAll(from, to);
  return JSON.parse(text) as KubeObject;
}
