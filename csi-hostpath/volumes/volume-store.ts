/**
 * Volumes as folders: `ID/volume.json` says what a volume is, `ID/data` is what it holds: a folder, or a file as large
 * as the volume for one that is used as a block device.
 *
 * Invariants:
 * V1 A volume exists exactly while its `volume.json` does. It is written last when a volume is made, by a rename, and
 *    removed first when it is deleted: a process that is killed in between leaves rubbish, never half a volume.
 * V2 Rubbish is removed at the start, and when a volume of that name is made.
 * V3 The name of a volume is its ID: making it twice makes one.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface StoredVolume {
  readonly id: string;
  readonly capacityBytes: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly isBlock: boolean;
}

const RECORD = "volume.json";
const DATA = "data";
/** Also keeps a name from leading out of the folder. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export const isVolumeId = (id: string): boolean => ID.test(id);

export class VolumeStore {
  readonly #directory: string;
  readonly #volumes = new Map<string, StoredVolume>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** V2 */
  static async open(directory: string): Promise<VolumeStore> {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const store = new VolumeStore(directory);
    for (const id of readdirSync(directory)) {
      const volume = readRecord(join(directory, id, RECORD));
      if (volume?.id === id) store.#volumes.set(id, volume);
      else await rm(join(directory, id), { recursive: true, force: true });
    }
    return store;
  }

  list(): StoredVolume[] {
    return [...this.#volumes.values()].toSorted((left, right) => (left.id < right.id ? -1 : 1));
  }

  get(id: string): StoredVolume | undefined {
    return this.#volumes.get(id);
  }

  /** The folder of the volume's files, or the file that holds it. */
  dataPath(id: string): string {
    return join(this.#directory, id, DATA);
  }

  /** V1, V3 */
  async create(volume: StoredVolume): Promise<void> {
    const folder = join(this.#directory, volume.id);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const data = join(folder, DATA);
    if (volume.isBlock) {
      await writeFile(data, "", { mode: 0o600 });
      await truncate(data, volume.capacityBytes);
    } else {
      await mkdir(data);
      // Pods of any user write here; those of the node who are not root do not come past the folders above.
      await chmod(data, 0o777);
    }
    await this.#write(volume);
  }

  async resize(id: string, capacityBytes: number): Promise<void> {
    const volume = this.#volumes.get(id);
    if (volume === undefined) return;
    if (volume.isBlock) await truncate(this.dataPath(id), capacityBytes);
    await this.#write({ ...volume, capacityBytes });
  }

  /** V1 */
  async delete(id: string): Promise<void> {
    const folder = join(this.#directory, id);
    await rm(join(folder, RECORD), { force: true });
    this.#volumes.delete(id);
    await rm(folder, { recursive: true, force: true });
  }

  async #write(volume: StoredVolume): Promise<void> {
    const path = join(this.#directory, volume.id, RECORD);
    await writeFile(`${path}.new`, `${JSON.stringify(volume)}\n`, { mode: 0o640, flush: true });
    await rename(`${path}.new`, path);
    this.#volumes.set(volume.id, volume);
  }
}

function readRecord(path: string): StoredVolume | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as StoredVolume;
  } catch {
    // A record that a full disk cut off is none.
    return undefined;
  }
}
