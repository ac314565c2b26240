/** Reads what `iptables-save` prints. Pure. */
import type { TableName } from "../rules/rule.ts";
import type { JumpText } from "../rules/table-text.ts";
import { type Committed, TABLE_NAMES } from "./restore-input.ts";

interface MutableTable {
  chains: Map<string, string[]>;
  jumps: JumpText[];
}

function readLine(line: string, table: MutableTable, isOurs: (chain: string) => boolean): void {
  const declared = /^:(\S+) /.exec(line)?.[1];
  if (declared !== undefined) {
    if (isOurs(declared)) table.chains.set(declared, []);
    return;
  }
  const [, from, text] = /^-A (\S+) (.*)$/.exec(line) ?? [];
  if (from === undefined || text === undefined) return;
  const own = table.chains.get(from);
  if (own !== undefined) {
    own.push(text);
    return;
  }
  const to = /-[jg] (\S+)/.exec(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'))?.[1];
  if (to !== undefined && isOurs(to)) table.jumps.push({ from, to, text });
}

/**
 * Our chains and the jumps to them. The kernel spells rules in its own way, so that their text never equals ours:
 * a ruleset written against this state writes every chain once more, in one commit and without a gap.
 */
export function savedRules(save: string, isOurs: (chain: string) => boolean): Committed {
  const tables: Record<TableName, MutableTable> = {
    mangle: { chains: new Map(), jumps: [] },
    filter: { chains: new Map(), jumps: [] },
    nat: { chains: new Map(), jumps: [] },
  };
  let current: MutableTable | undefined;
  for (const line of save.split("\n")) {
    if (line.startsWith("*")) {
      const name = TABLE_NAMES.find((table) => table === line.slice(1).trim());
      current = name === undefined ? undefined : tables[name];
    } else if (current !== undefined) {
      readLine(line, current, isOurs);
    }
  }
  return tables;
}

/** The same with the text of every chain forgotten, so that all of them are written again. */
export function withoutTexts(committed: Committed): Committed {
  const forget = ({ chains, jumps }: Committed[TableName]) => ({
    chains: new Map([...chains.keys()].map((name): [string, readonly string[]] => [name, UNKNOWN])),
    jumps,
  });
  return { mangle: forget(committed.mangle), filter: forget(committed.filter), nat: forget(committed.nat) };
}

/** Equal to no chain's text, an empty one included. */
const UNKNOWN: readonly string[] = ["?"];
