import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { GrpcChannel, GrpcError } from "./grpc-channel.ts";
import { bytesField } from "./wire.ts";

const PATH = "/test.Service/Method";
const CALL_MS_MAX = 5000;
const MESSAGE = bytesField(1, [Buffer.from("question")]);

type Answer = (stream: ServerHttp2Stream, question: Buffer) => void;

interface FakeServer {
  readonly url: string;
  readonly questions: Buffer[];
  readonly sessions: Set<ServerHttp2Session>;
  close(): Promise<void>;
}

const servers: FakeServer[] = [];
const channels: GrpcChannel[] = [];
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A server that answers each call that way. */
async function serve(answer: Answer): Promise<FakeServer> {
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  const questions: Buffer[] = [];
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const question = Buffer.concat(chunks);
      questions.push(question);
      answer(stream, question);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    sessions,
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  servers.push(fake);
  return fake;
}

function channelTo(...urls: string[]): GrpcChannel {
  const channel = new GrpcChannel({ servers: urls, callMsMax: CALL_MS_MAX });
  channels.push(channel);
  return channel;
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const answering =
  (bytes: Buffer, status: Record<string, string> = { "grpc-status": "0" }): Answer =>
  (stream) => {
    stream.on("wantTrailers", () => stream.sendTrailers(status));
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.end(bytes);
  };

const refusing =
  (code: number, message: string): Answer =>
  (stream) =>
    stream.respond({ ":status": 200, "grpc-status": String(code), "grpc-message": message }, { endStream: true });

const textOf = async (call: Promise<Buffer>): Promise<string> => (await call).toString("utf8");

describe("GrpcChannel", () => {
  it("sends a framed message and gives the message of the answer", async () => {
    const server = await serve(answering(framed(Buffer.from("answer"))));
    expect(await textOf(channelTo(server.url).call(PATH, MESSAGE))).toBe("answer");
    expect(server.questions).toEqual([framed(Buffer.concat(MESSAGE))]);
  });

  it("takes an address without a scheme", async () => {
    const server = await serve(answering(framed(Buffer.from("answer"))));
    expect(await textOf(channelTo(server.url.slice("http://".length)).call(PATH, MESSAGE))).toBe("answer");
  });

  it("answers many calls at once over one connection, also with messages of megabytes", async () => {
    const large = Buffer.alloc(3_000_000, "z");
    const server = await serve((stream, question) => {
      answering(framed(Buffer.concat([question, large])))(stream, question);
    });
    const channel = channelTo(server.url);
    const names = Array.from({ length: 8 }, (_, index) => `call ${index}`);
    const answers = await Promise.all(names.map((name) => channel.call(PATH, [Buffer.from(name)])));
    expect(answers.map((answer) => answer.toString("latin1", 5, 11))).toEqual(names);
    expect(answers.every((answer) => answer.length === 3_000_011)).toBe(true);
    expect(server.sessions.size).toBe(1);
  });

  it.each([
    ["in the trailers", answering(Buffer.alloc(0), { "grpc-status": "11", "grpc-message": "too%20new" })],
    ["in the head", refusing(11, "too%20new")],
  ])("rejects with the server's code and words %s", async (_where, answer) => {
    const server = await serve(answer);
    const failure = await channelTo(server.url)
      .call(PATH, MESSAGE)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GrpcError);
    expect(failure).toMatchObject({ code: 11, message: "11 too new" });
  });

  it.each<[string, Answer]>([
    ["another HTTP status", (stream) => stream.respond({ ":status": 503 }, { endStream: true })],
    ["no status", (stream) => stream.respond({ ":status": 200 }, { endStream: true })],
    ["a compressed message", answering(Buffer.concat([Buffer.from([1]), framed(Buffer.from("x")).subarray(1)]))],
    ["half a message", answering(framed(Buffer.from("whole")).subarray(0, 7))],
    ["a broken stream", (stream) => stream.close(2)],
    ["a broken connection", (stream) => stream.session?.destroy()],
  ])("rejects %s, and does not send the call again", async (_what, answer) => {
    const server = await serve(answer);
    await expect(channelTo(server.url).call(PATH, MESSAGE)).rejects.toThrow();
    expect(server.questions).toHaveLength(1);
  });

  it("gives up a connection on which a call gets no answer, and connects anew for the next", async () => {
    let isDeaf = true;
    const server = await serve((stream, question) => {
      if (!isDeaf) answering(framed(Buffer.from("answer")))(stream, question);
    });
    const channel = channelTo(server.url);
    const bystander = channel.call(PATH, MESSAGE);
    await Promise.all([
      expect(channel.call(PATH, MESSAGE, 50)).rejects.toThrow("within 50 ms"),
      expect(bystander).rejects.toThrow(),
    ]);
    isDeaf = false;
    expect(await textOf(channel.call(PATH, MESSAGE))).toBe("answer");
    expect(server.sessions.size).toBe(2);
  });

  it("goes to the next server when one cannot serve, and back again", async () => {
    const refused = await serve(refusing(14, "etcdserver: no leader"));
    const other = await serve(answering(framed(Buffer.from("answer"))));
    const channel = channelTo(refused.url, other.url);
    await expect(channel.call(PATH, MESSAGE)).rejects.toThrow("no leader");
    expect(await textOf(channel.call(PATH, MESSAGE))).toBe("answer");
    await other.close();
    await expect(Promise.all([channel.call(PATH, MESSAGE), channel.call(PATH, MESSAGE)])).rejects.toThrow();
    expect(refused.questions.length).toBeGreaterThan(0);
  });

  it("goes to the next server when nobody listens", async () => {
    const gone = await serve(answering(framed(Buffer.from("answer"))));
    await gone.close();
    const other = await serve(answering(framed(Buffer.from("answer"))));
    const channel = channelTo(gone.url, other.url);
    await expect(channel.call(PATH, MESSAGE)).rejects.toThrow("ECONNREFUSED");
    expect(await textOf(channel.call(PATH, MESSAGE))).toBe("answer");
  });

  it("rejects what waits when it is closed, and everything after", async () => {
    const server = await serve(() => undefined);
    const channel = channelTo(server.url);
    const waiting = channel.call(PATH, MESSAGE);
    channel.close();
    await expect(waiting).rejects.toThrow();
    await expect(channel.call(PATH, MESSAGE)).rejects.toThrow("closed");
  });
});
