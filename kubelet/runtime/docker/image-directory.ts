/** Names of the images that containers run, by id: the Engine's lists only have ids. Remembered until images change. */
import { isRuntimeNotFound } from "../runtime-error.ts";
import type { EngineClient } from "./engine-client.ts";
import type { WireImage } from "./engine-wire.ts";
import type { ImageNames } from "./observe.ts";

/** Some times more than a node has images; then all is looked up again. */
const NAMES_MAX = 1000;

export class ImageDirectory {
  readonly #engine: EngineClient;
  readonly #names = new Map<string, ImageNames>();

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  /** The id stands for an image that has no name any more. */
  async namesOf(id: string): Promise<ImageNames> {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const names = namesFrom(id, await this.find(id));
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(id, names);
    return names;
  }

  /** By name, digest or id; undefined when it is not there. */
  async find(image: string): Promise<WireImage | undefined> {
    try {
      return await this.#engine.call<WireImage>("GET", `/images/${encodeURI(image)}/json`);
    } catch (error) {
      if (isRuntimeNotFound(error)) return undefined;
      throw error;
    }
  }

  forget(): void {
    this.#names.clear();
  }
}

function namesFrom(id: string, image: WireImage | undefined): ImageNames {
  const [tag] = image?.RepoTags ?? [];
  const [digest] = image?.RepoDigests ?? [];
  return { image: tag ?? digest ?? id, imageRef: digest ?? id };
}
