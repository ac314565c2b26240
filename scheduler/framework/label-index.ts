import { BitSet } from "./bit-set.ts";

const NO_NODES = new BitSet();

/** For each label key and value: the columns of the nodes that have it. */
export class LabelIndex {
  readonly #byKey = new Map<string, Map<string, BitSet>>();
  readonly #anyOf = new Map<string, BitSet>();

  put(index: number, labels: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(labels)) {
      const values = this.#byKey.get(key) ?? new Map<string, BitSet>();
      this.#byKey.set(key, values);
      const nodes = values.get(value) ?? new BitSet();
      values.set(value, nodes);
      nodes.add(index);
      const any = this.#anyOf.get(key) ?? new BitSet();
      this.#anyOf.set(key, any);
      any.add(index);
    }
  }

  remove(index: number, labels: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(labels)) {
      const values = this.#byKey.get(key);
      const nodes = values?.get(value);
      nodes?.delete(index);
      this.#anyOf.get(key)?.delete(index);
      // Labels such as the host name have a value per node: do not keep those of nodes long gone.
      if (nodes?.isEmpty === true) values?.delete(value);
      if (values?.size === 0) {
        this.#byKey.delete(key);
        this.#anyOf.delete(key);
      }
    }
  }

  /** Nodes that have the label with this value. Do not change the set. */
  withValue(key: string, value: string): BitSet {
    return this.#byKey.get(key)?.get(value) ?? NO_NODES;
  }

  /** Nodes that have the label at all. Do not change the set. */
  withKey(key: string): BitSet {
    return this.#anyOf.get(key) ?? NO_NODES;
  }

  /** All values of a label, each with its nodes. */
  valuesOf(key: string): Iterable<readonly [string, BitSet]> {
    return this.#byKey.get(key) ?? [];
  }
}
