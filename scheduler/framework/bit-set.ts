/** A set of small integers (column numbers of nodes) that grows on demand. Walk it with `next`. */
export class BitSet {
  #words: Uint32Array;

  constructor(capacity = 32) {
    this.#words = new Uint32Array(Math.max(1, (capacity + 31) >>> 5));
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    const word = index >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (index & 31));
  }

  delete(index: number): void {
    const word = index >>> 5;
    if (word < this.#words.length) this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (index & 31));
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** First member that is `from` or more; -1 when there is none. */
  next(from: number): number {
    const words = this.#words;
    let word = from >>> 5;
    if (word >= words.length) return -1;
    let bits = (words[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0) {
      if (++word >= words.length) return -1;
      bits = words[word] ?? 0;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  get isEmpty(): boolean {
    return this.next(0) < 0;
  }

  get size(): number {
    let size = 0;
    for (let index = this.next(0); index >= 0; index = this.next(index + 1)) size++;
    return size;
  }

  copyFrom(other: BitSet): void {
    if (other.#words.length > this.#words.length) this.#words = new Uint32Array(other.#words.length);
    this.#words.set(other.#words);
    this.#words.fill(0, other.#words.length);
  }

  addAll(other: BitSet): void {
    if (other.#words.length > this.#words.length) this.#grow(other.#words.length);
    for (let word = 0; word < other.#words.length; word++) {
      this.#words[word] = (this.#words[word] ?? 0) | (other.#words[word] ?? 0);
    }
  }

  keepOnly(other: BitSet): void {
    for (let word = 0; word < this.#words.length; word++) {
      this.#words[word] = (this.#words[word] ?? 0) & (other.#words[word] ?? 0);
    }
  }

  deleteAll(other: BitSet): void {
    for (let word = 0; word < this.#words.length; word++) {
      this.#words[word] = (this.#words[word] ?? 0) & ~(other.#words[word] ?? 0);
    }
  }

  /** Removes members whose number in `column` is less than `minimum`. The filter of every resource: kept tight. */
  deleteBelow(column: Float64Array, minimum: number): void {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) {
      const before = words[word] ?? 0;
      let after = before;
      for (let bits = before; bits !== 0; bits &= bits - 1) {
        const bit = 31 - Math.clz32(bits & -bits);
        if ((column[(word << 5) | bit] ?? 0) < minimum) after &= ~(1 << bit);
      }
      words[word] = after;
    }
  }

  /** Removes members whose class, as `classOf` has it, is refused. */
  deleteClasses(classOf: Int32Array, isRefused: readonly boolean[]): void {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) {
      const before = words[word] ?? 0;
      let after = before;
      for (let bits = before; bits !== 0; bits &= bits - 1) {
        const bit = 31 - Math.clz32(bits & -bits);
        if (isRefused[classOf[(word << 5) | bit] ?? 0] === true) after &= ~(1 << bit);
      }
      words[word] = after;
    }
  }

  /** Writes the members to `list`, which must be long enough, in order; returns how many. */
  writeTo(list: Int32Array): number {
    const words = this.#words;
    let count = 0;
    for (let word = 0; word < words.length; word++) {
      for (let bits = words[word] ?? 0; bits !== 0; bits &= bits - 1) {
        list[count++] = (word << 5) | (31 - Math.clz32(bits & -bits));
      }
    }
    return count;
  }

  #grow(length: number): void {
    const words = new Uint32Array(Math.max(length, this.#words.length * 2));
    words.set(this.#words);
    this.#words = words;
  }
}
