/** Which pressures the node is under: written by the eviction manager, read by the node's status and admission. */
import type { PressureType } from "./thresholds.ts";

export class NodePressure {
  #types: ReadonlySet<PressureType> = new Set();
  /** The set changed: set by who writes the node's status. */
  onChange: () => void = () => undefined;

  get types(): ReadonlySet<PressureType> {
    return this.#types;
  }

  set types(types: ReadonlySet<PressureType>) {
    const isSame = types.size === this.#types.size && [...types].every((type) => this.#types.has(type));
    this.#types = types;
    if (!isSame) this.onChange();
  }
}
