/**
 * Gives every node a range of pod addresses (upstream: `pkg/controller/nodeipam`, range allocator). One worker, so
 * that no range is given twice; what a node has was taken before the first one is given.
 */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { parseCidr } from "../../../shared/machinery/cidr.ts";
import { nodes } from "../../../shared/resources/catalog.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { CidrSet } from "./cidr-set.ts";

type Nodes = { readonly nodes: typeof nodes };

const cidrsOf = ({ spec }: Node): readonly string[] =>
  spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]);

/** `clusterCidr` such as `10.244.0.0/16`; throws when it is none or the mask does not fit. */
export function nodeIpam(clusterCidr: string, nodeMaskSize: number): RunnableController {
  const range = parseCidr(clusterCidr);
  if (range === undefined) throw new Error(`--cluster-cidr: "${clusterCidr}" is not an address range`);
  // Fails at start, not at the first node.
  const create = (): CidrSet => new CidrSet(range, nodeMaskSize);
  create();
  return defineLoop({
    name: "node-ipam-controller",
    reads: { nodes },
    writes: { nodes },
    run: (context) => runAllocator(create(), context),
  });
}

async function runAllocator(cidrs: CidrSet, context: LoopContext<Nodes, Nodes>): Promise<void> {
  const { informers, recorder, execute } = context;
  const queue = context.createQueue("node_range_allocator");
  for (const node of informers.nodes.lister.list()) for (const cidr of cidrsOf(node)) cidrs.occupy(cidr);
  const removeHandlers = informers.nodes.addHandlers({
    onAdd: (node) => queue.add(node.metadata.name),
    onUpdate: (node) => queue.add(node.metadata.name),
    onDelete: (node) => {
      for (const cidr of cidrsOf(node)) cidrs.release(cidr);
    },
  });
  /** Given, and not yet seen at the node: by node UID, so that a second pass does not give another one. */
  const given = new Map<string, string>();
  const allocate = async (name: string): Promise<void> => {
    const node = informers.nodes.lister.get(undefined, name);
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return;
    const uid = node.metadata.uid ?? "";
    const present = cidrsOf(node);
    if (present.length > 0) {
      for (const cidr of present) cidrs.occupy(cidr);
      given.delete(uid);
      return;
    }
    const podCIDR = given.get(uid) ?? cidrs.allocate();
    if (podCIDR === undefined) {
      recorder.event(node, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
      throw new Error(`no pod range is left for node ${name}`);
    }
    given.set(uid, podCIDR);
    const patch = { spec: { podCIDR, podCIDRs: [podCIDR] } };
    const outcome = await execute([{ verb: "patch", resource: "nodes", target: node, patchType: "strategic", patch }]);
    // The range stays taken for this UID also when the answer was lost: the write may have been done.
    if (outcome.kind !== "done") throw outcome.error ?? new Error(`node ${name} has changed`);
  };
  await workOn(queue, 1, allocate, context);
  removeHandlers();
}
