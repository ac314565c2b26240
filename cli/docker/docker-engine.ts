/** The few calls that the command itself makes to a cluster's Docker Engine. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { imageArchitecture } from "../image/pause-image.ts";
import { listTar, writeTar } from "../image/tar.ts";
import { UserError } from "../user-error.ts";
import { dockerManifest } from "./docker-archive.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
}

const BLOCK_BYTES = 512;
const CALL_TIMEOUT_MS = 300_000;

/** Rejects when nobody listens. */
function askEngine(socketPath: string, method: string, path: string, body?: Readable): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, agent: false, timeout: CALL_TIMEOUT_MS, headers: { host: "docker" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
    if (body === undefined) call.end();
    else pipeline(body, call).catch(reject);
  });
}

export async function isEngineServing(socketPath: string): Promise<boolean> {
  return askEngine(socketPath, "GET", "/_ping").then(
    ({ status }) => status === 200,
    () => false,
  );
}

interface Listed {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
}

export async function engineImageNames(socketPath: string): Promise<Set<string>> {
  const { text } = await askEngine(socketPath, "GET", "/images/json");
  return new Set((JSON.parse(text) as Listed[]).flatMap(({ RepoTags }) => RepoTags ?? []));
}

/** Ids of containers that run. */
export async function runningContainers(socketPath: string): Promise<string[]> {
  const { text } = await askEngine(socketPath, "GET", "/containers/json");
  return (JSON.parse(text) as Listed[]).map(({ Id }) => Id);
}

/** Asks it to end, and kills it after the grace; one that ended by itself is no error. */
export async function stopContainer(socketPath: string, id: string, graceSeconds: number): Promise<void> {
  await askEngine(socketPath, "POST", `/containers/${id}/stop?t=${graceSeconds}`);
}

/** Loads an unpacked OCI or Docker archive; resolves to the names of its images. */
export async function loadIntoEngine(socketPath: string, path: string, givenPath = path): Promise<string[]> {
  const { status, text } = await askEngine(socketPath, "POST", "/images/load?quiet=1", await dockerForm(path));
  const lines = status === 200 ? text.split("\n").filter((line) => line.trim() !== "") : [text];
  const messages = lines.map((line) => JSON.parse(line) as { stream?: string; error?: string; message?: string });
  const problem = messages.map(({ error, message }) => error ?? message).find((each) => each !== undefined);
  if (problem !== undefined) throw new UserError(`The Docker Engine does not take ${givenPath}: ${problem}`);
  return messages.flatMap(({ stream = "" }) => /^Loaded image: (\S+)/.exec(stream)?.[1] ?? []);
}

async function dockerForm(path: string): Promise<Readable> {
  const file = await open(path);
  try {
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    const members = (await listTar(read)) ?? [];
    const isDockers = members.some((member) => member.path.replace(/^\.\//, "") === "manifest.json");
    const last = members.at(-1);
    if (isDockers || last === undefined) return createReadStream(path);
    const manifest = await dockerManifest(read, members, imageArchitecture());
    const end = last.position + Math.ceil(last.size / BLOCK_BYTES) * BLOCK_BYTES;
    const content = Buffer.from(JSON.stringify(manifest));
    return Readable.from(extended(path, end, writeTar([{ path: "manifest.json", mode: 0o644, content }])));
  } finally {
    await file.close();
  }
}

/** The first `end` bytes of the file, and then `more`. */
async function* extended(path: string, end: number, more: Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { end: end - 1 })) yield chunk as Uint8Array;
  yield more;
}
