/**
 * Attachable volumes that pods of this node use or shall use: the node's status tells them, and none of them is
 * detached before it is gone from there. Upstream: `volume_manager.go` GetVolumesInUse.
 */
export class VolumesInUse {
  readonly #users = new Map<string, Set<string>>();
  /** The status has to be written. */
  onChange: () => void = () => undefined;

  /** Names as `kubernetes.io/csi/DRIVER^HANDLE`, sorted. */
  list(): string[] {
    return [...this.#users.keys()].toSorted();
  }

  /** `user` is a pod's uid, or anything else that holds the volume. */
  add(name: string, user: string): void {
    const users = this.#users.get(name);
    if (users !== undefined) users.add(user);
    else {
      this.#users.set(name, new Set([user]));
      this.onChange();
    }
  }

  remove(name: string, user: string): void {
    const users = this.#users.get(name);
    if (users === undefined || !users.delete(user) || users.size > 0) return;
    this.#users.delete(name);
    this.onChange();
  }
}
