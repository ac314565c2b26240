/**
 * Input of `iptables-restore --noflush` that leads from one ruleset to another. Pure.
 *
 * Invariants:
 * R1 A table's changes are one commit: packets see the old rules or the new ones, never a mixture.
 * R2 A chain that does not change is not named at all.
 * R3 Rules are removed by their text, never by their number: when the kernel's state is not what we believe,
 *    the whole commit fails and nothing is harmed.
 */
import type { TableName } from "../rules/rule.ts";
import type { ChainTexts, JumpText, RulesetText } from "../rules/table-text.ts";

export const TABLE_NAMES: readonly TableName[] = ["mangle", "filter", "nat"];

/** What the kernel holds of ours, as far as we know. */
export interface CommittedTable {
  readonly chains: ChainTexts;
  /** Rules of the kernel's own chains that lead to ours. */
  readonly jumps: readonly JumpText[];
}

export type Committed = Readonly<Record<TableName, CommittedTable>>;

/** Below this length a changed chain is simply written anew. */
const EDIT_LINES_MIN = 64;
/** Above this share of changed lines a long chain is written anew too. */
const EDIT_SHARE_MAX = 0.05;

const NO_LINES: readonly string[] = [];

/** Single removals and insertions that lead from `before` to `after`; undefined when rewriting is simpler. */
function editsOf(chain: string, before: readonly string[], after: readonly string[]): string[] | undefined {
  if (before.length < EDIT_LINES_MIN) return undefined;
  const [old, next] = [new Set(before), new Set(after)];
  const removed = before.filter((line) => !next.has(line));
  const added = after.flatMap((line, index) => (old.has(line) ? [] : [{ line, position: index + 1 }]));
  if (removed.length + added.length > before.length * EDIT_SHARE_MAX) return undefined;
  const hasDuplicates = old.size !== before.length || next.size !== after.length;
  const kept = before.filter((line) => next.has(line));
  const keptAfter = after.filter((line) => old.has(line));
  if (hasDuplicates || kept.some((line, index) => line !== keptAfter[index])) return undefined;
  return [
    ...removed.map((line) => `-D ${chain} ${line}`),
    ...added.map(({ line, position }) => `-I ${chain} ${position} ${line}`),
  ];
}

const isSame = (left: readonly string[], right: readonly string[]): boolean =>
  left === right || (left.length === right.length && left.every((line, index) => line === right[index]));

interface TableChanges {
  readonly declarations: string[];
  readonly rules: string[];
  readonly deletions: string[];
}

function chainChanges(before: ChainTexts, after: ChainTexts): TableChanges {
  const changes: TableChanges = { declarations: [], rules: [], deletions: [] };
  for (const [chain, lines] of after) {
    const old = before.get(chain);
    if (old !== undefined && isSame(old, lines)) continue;
    const edits = editsOf(chain, old ?? NO_LINES, lines);
    if (edits === undefined) changes.declarations.push(`:${chain} - [0:0]`);
    changes.rules.push(...(edits ?? lines.map((line) => `-A ${chain} ${line}`)));
  }
  for (const chain of before.keys()) {
    if (after.has(chain)) continue;
    changes.declarations.push(`:${chain} - [0:0]`);
    changes.deletions.push(`-X ${chain}`);
  }
  return changes;
}

const jumpKey = (jump: JumpText): string => `${jump.from} ${jump.to}`;

/** Removes jumps to chains that we do not want (any more) and doubled ones; adds those that are missing. */
function jumpChanges(before: readonly JumpText[], after: readonly JumpText[]): string[] {
  const wanted = new Set(after.map(jumpKey));
  const seen = new Set<string>();
  const removals: string[] = [];
  for (const jump of before) {
    if (!wanted.has(jumpKey(jump)) || seen.has(jumpKey(jump))) removals.push(`-D ${jump.from} ${jump.text}`);
    seen.add(jumpKey(jump));
  }
  const missing = after.filter((jump) => !seen.has(jumpKey(jump)));
  return [...removals, ...missing.map((jump) => `-I ${jump.from} ${jump.text}`)];
}

/** Text for `iptables-restore --noflush`; empty when nothing changes. */
export function restoreInput(before: Committed, after: RulesetText): string {
  const tables = TABLE_NAMES.flatMap((name) => {
    const { declarations, rules, deletions } = chainChanges(before[name].chains, after[name].chains);
    const lines = [...declarations, ...rules, ...jumpChanges(before[name].jumps, after[name].jumps), ...deletions];
    return lines.length === 0 ? [] : [`*${name}`, ...lines, "COMMIT"];
  });
  return tables.length === 0 ? "" : `${tables.join("\n")}\n`;
}

/** Text that removes everything of ours. */
export function cleanupInput(before: Committed): string {
  const nothing = { chains: new Map<string, readonly string[]>(), jumps: [] };
  return restoreInput(before, { filter: nothing, nat: nothing, mangle: nothing });
}
