import { planTtl } from "./plan.ts";

const NAME = "node.alpha.kubernetes.io/ttl";

/** What a node with that annotation is told in a cluster of so many; undefined for nothing. */
function told(present: string | undefined, nodeCount: number): unknown {
  const annotations = present === undefined ? {} : { [NAME]: present };
  const [action] = planTtl({ metadata: { name: "n", annotations }, spec: {} }, nodeCount).actions;
  return action?.verb === "patch" ? action.patch : undefined;
}
const value = (seconds: string) => ({ metadata: { annotations: { [NAME]: seconds } } });

it.each<[string | undefined, number, object | undefined]>([
  [undefined, 1, value("0")],
  ["0", 100, undefined],
  ["0", 101, value("15")],
  ["15", 95, undefined],
  ["15", 89, value("0")],
  ["nonsense", 700, value("30")],
  ["30", 1500, value("60")],
  ["300", 20_000, value("600")],
])("a node with %s in a cluster of %d", (present, nodeCount, expected) => {
  expect(told(present, nodeCount)).toEqual(expected);
});
