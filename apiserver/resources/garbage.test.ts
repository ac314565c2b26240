/** Whatever a client writes is refused in words or taken: the rules of no kind fall over it. */
import { StatusError } from "../../shared/errors/status-error.ts";
import { rulesOf } from "../../test/support/kind-rules.ts";
import { type SeededRandom, seededRandom } from "../../test/support/seeded-random.ts";
import { builtInStrategies } from "./all.ts";

const ROUNDS = 60;
const SEED = 20_260_401;
const LONG = 300;

type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Every place of a draft below its root: the object or list that it is in, and its name there. */
function placesOf(node: Node): { readonly parent: Node; readonly name: string }[] {
  return Object.entries(node).flatMap(([name, child]) => [
    { parent: node, name },
    ...(isNode(child) ? placesOf(child) : []),
  ]);
}

function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (isNode(value)) return {};
  return typeof value === "number" ? -1 : "";
}

function inflated(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[]), value[0] ?? {}, {}];
  if (isNode(value)) return { ...value, odd: "odd" };
  return typeof value === "number" ? 2 ** 31 - 1 : "x/%".repeat(LONG);
}

/** The draft with a few of its parts gone, empty, too big or null. */
function damaged(draft: Node, random: SeededRandom): Node {
  const copy = structuredClone(draft);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const places = placesOf(copy);
    if (places.length === 0) break;
    const { parent, name } = random.pick(places);
    const damage = random.below(4);
    if (damage === 0) Reflect.deleteProperty(parent, name);
    else parent[name] = damage === 1 ? null : damage === 2 ? emptied(parent[name]) : inflated(parent[name]);
  }
  // The write flow gives every object a name before it asks any rule.
  const metadata = isNode(copy["metadata"]) && !Array.isArray(copy["metadata"]) ? copy["metadata"] : {};
  return { ...copy, metadata: { ...metadata, name: "x" } };
}

describe.each(
  builtInStrategies.map((strategy) => [`${strategy.resource.group}/${strategy.resource.kind}`, strategy] as const),
)("the rules of %s", (_, strategy) => {
  it("stand whatever they are asked", () => {
    const random = seededRandom(SEED);
    const rules = rulesOf(strategy);
    const example = strategy.use(
      (typed): Node => ({ metadata: { name: "x", namespace: "default" }, ...typed.example }),
    );
    const whole = { ...(rules.read(example) as object) } as Node;
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = [damaged(random.pick([example, whole]), random), damaged(whole, random)];
      for (const ask of [
        () => rules.creation(one),
        () => rules.change(other, one),
        () => rules.change(other, one, "status"),
        () => rules.warnings(one, other),
      ]) {
        try {
          ask();
        } catch (error) {
          // Not readable: nobody asks the rules then.
          if (!(error instanceof StatusError)) throw error;
        }
      }
    }
  });
});
