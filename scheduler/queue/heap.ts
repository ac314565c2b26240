/** Binary heap whose members can be removed by key. */
export class KeyedHeap<T> {
  readonly #items: T[] = [];
  readonly #positions = new Map<string, number>();
  readonly #keyOf: (item: T) => string;
  readonly #isBefore: (left: T, right: T) => boolean;

  constructor(keyOf: (item: T) => string, isBefore: (left: T, right: T) => boolean) {
    this.#keyOf = keyOf;
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  has(key: string): boolean {
    return this.#positions.has(key);
  }

  get(key: string): T | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#items[position];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  values(): readonly T[] {
    return this.#items;
  }

  /** Adds an item, in place of the one with the same key. */
  push(item: T): void {
    this.remove(this.#keyOf(item));
    this.#items.push(item);
    this.#positions.set(this.#keyOf(item), this.#items.length - 1);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(this.#keyOf(first));
    return first;
  }

  remove(key: string): T | undefined {
    const position = this.#positions.get(key);
    if (position === undefined) return undefined;
    const removed = this.#items[position];
    const last = this.#items.pop();
    this.#positions.delete(key);
    if (last !== undefined && position < this.#items.length) {
      this.#put(position, last);
      this.#rise(position);
      this.#sink(position);
    }
    return removed;
  }

  #put(position: number, item: T): void {
    this.#items[position] = item;
    this.#positions.set(this.#keyOf(item), position);
  }

  #isPositionBefore(left: number, right: number): boolean {
    const [a, b] = [this.#items[left], this.#items[right]];
    return a !== undefined && b !== undefined && this.#isBefore(a, b);
  }

  #swap(left: number, right: number): void {
    const [a, b] = [this.#items[left], this.#items[right]];
    if (a === undefined || b === undefined) return;
    this.#put(left, b);
    this.#put(right, a);
  }

  #rise(start: number): void {
    let position = start;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      if (!this.#isPositionBefore(position, parent)) return;
      this.#swap(position, parent);
      position = parent;
    }
  }

  #sink(start: number): void {
    let position = start;
    for (;;) {
      const left = 2 * position + 1;
      const child = this.#isPositionBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isPositionBefore(child, position)) return;
      this.#swap(position, child);
      position = child;
    }
  }
}
