import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { deflateSync, constants } from "node:zlib";
import { createSpdyConnection, type SpdyConnection, type SpdyStream } from "./connection.ts";
import { SPDY_DICTIONARY } from "./dictionary.ts";
import { encodeFrame, SpdyProtocolError, takeFrame } from "./frames.ts";
import { createHeaderDecoder, createHeaderEncoder } from "./header-block.ts";

describe("the header block", () => {
  it("has the preset dictionary whose checksum every SPDY/3 peer names", () => {
    const compressed = deflateSync(Buffer.from("x"), { dictionary: SPDY_DICTIONARY });
    expect(compressed.readUInt32BE(2)).toBe(0xe3c6a7c2);
  });

  it("reads what the encoder writes, block after block", async () => {
    const encode = createHeaderEncoder();
    const decoder = createHeaderDecoder();
    expect(await decoder.decode(encode({ streamType: "error" }))).toEqual({ streamtype: "error" });
    expect(await decoder.decode(encode({ port: "80", requestID: "1" }))).toEqual({ port: "80", requestid: "1" });
    expect(await decoder.decode(encode({}))).toEqual({});
    decoder.close();
  });

  it("reads a block that was compressed with the dictionary", async () => {
    const pairs = Buffer.from("\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05stdin", "latin1");
    const compressed = deflateSync(pairs, { dictionary: SPDY_DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH });
    const decoder = createHeaderDecoder();
    expect(await decoder.decode(compressed)).toEqual({ streamtype: "stdin" });
    decoder.close();
  });

  it("refuses what is not zlib, and a block that ends in the middle", async () => {
    await expect(createHeaderDecoder().decode(Buffer.from("garbage!"))).rejects.toThrow(SpdyProtocolError);
    const cut = deflateSync(Buffer.from("\0\0\0\x02\0\0", "latin1"), {
      dictionary: SPDY_DICTIONARY,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    await expect(createHeaderDecoder().decode(cut)).rejects.toThrow("ends in the middle");
  });
});

describe("frames", () => {
  it("survive encoding and decoding, one after the other", () => {
    const frames = [
      { type: "synStream", streamId: 1, isLast: false, headerBlock: Buffer.from("h") },
      { type: "synReply", streamId: 1, isLast: true, headerBlock: Buffer.from("r") },
      { type: "data", streamId: 1, isLast: false, payload: Buffer.from("payload") },
      { type: "rstStream", streamId: 3, status: 5 },
      { type: "ping", id: 7 },
      { type: "goAway", lastStreamId: 9, status: 0 },
    ] as const;
    let bytes = Buffer.concat(frames.map(encodeFrame));
    for (const frame of frames) {
      const taken = takeFrame(bytes);
      expect(taken?.frame).toEqual(frame);
      bytes = Buffer.from(taken?.rest ?? []);
    }
    expect(takeFrame(bytes)).toBeUndefined();
  });

  it("wait for the rest of a frame that has not come yet", () => {
    const bytes = encodeFrame({ type: "data", streamId: 1, isLast: false, payload: Buffer.from("abc") });
    for (let length = 0; length < bytes.length; length++) expect(takeFrame(bytes.subarray(0, length))).toBeUndefined();
  });

  it("refuse another version and oversized frames", () => {
    expect(() => takeFrame(Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0]))).toThrow("unsupported SPDY version 2");
    expect(() => takeFrame(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff]))).toThrow("too large");
  });
});

describe("a connection", () => {
  let server: Server;
  let sockets: Socket[] = [];
  let accepted: SpdyStream[];
  let client: SpdyConnection;
  let serverSide: SpdyConnection;
  let onStream: (stream: SpdyStream) => void;

  beforeEach(async () => {
    accepted = [];
    onStream = () => undefined;
    const ready = new Promise<void>((resolve) => {
      server = createServer((socket) => {
        sockets.push(socket);
        serverSide = createSpdyConnection(socket, {
          role: "server",
          onStream: (stream) => {
            accepted.push(stream);
            onStream(stream);
          },
        });
        resolve();
      }).listen(0, "127.0.0.1");
    });
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const socket = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    sockets.push(socket);
    client = createSpdyConnection(socket, { role: "client" });
    await ready;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await new Promise((resolve) => server.close(resolve));
  });

  it("carries a megabyte each way on several streams at once", async () => {
    onStream = (stream) => void stream.duplex.pipe(stream.duplex);
    const payload = Buffer.alloc(1024 * 1024, "0123456789");
    const echo = async () => {
      const stream = await client.open({ streamType: "data" });
      stream.duplex.end(payload);
      return (await buffer(stream.duplex)).equals(payload);
    };
    expect(await Promise.all([echo(), echo(), echo()])).toEqual([true, true, true]);
    expect(accepted.map((stream) => stream.headers)).toEqual(Array(3).fill({ streamtype: "data" }));
  });

  it("hands a slow reader everything that came before the peer ended the connection", async () => {
    const payload = Buffer.alloc(200_000, "0123456789");
    onStream = ({ duplex }) => void duplex.end(payload, () => serverSide.close());
    const stream = await client.open({});
    await client.closed;
    expect((await buffer(stream.duplex)).equals(payload)).toBe(true);
  });

  it("half-closes: the other direction stays open after an end", async () => {
    onStream = ({ duplex }) => {
      let received = "";
      duplex.on("data", (chunk: Buffer) => {
        received += chunk.toString();
      });
      duplex.on("end", () => duplex.end(`got ${received}`));
    };
    const stream = await client.open({});
    stream.duplex.end("question");
    expect(await text(stream.duplex)).toBe("got question");
  });

  it("takes a stream that the peer destroys for ended, drops what is still written to it, and leaves the others alone", async () => {
    const bad = await client.open({});
    const good = await client.open({});
    const ended = new Promise<void>((resolve) => accepted[0]?.duplex.once("end", resolve).resume());
    bad.duplex.destroy();
    await ended;
    accepted[0]?.duplex.end("too late");
    accepted[1]?.duplex.end("still here");
    expect(await text(good.duplex)).toBe("still here");
  });

  it("destroys open streams and refuses new ones when the transport goes away", async () => {
    const stream = await client.open({});
    const failed = new Promise<Error>((resolve) => stream.duplex.once("error", resolve));
    for (const socket of sockets) socket.destroy();
    expect((await failed).message).toContain("closed");
    await client.closed;
    await expect(client.open({})).rejects.toThrow("closed");
  });

  it("ends the connection at bytes that are not SPDY", async () => {
    sockets[1]?.write("GET / HTTP/1.1\r\n\r\n");
    sockets[0]?.write(Buffer.from([0x80, 0x09, 0, 1, 0, 0, 0, 0]));
    await Promise.race([serverSide.closed, client.closed]);
    await expect(client.open({})).rejects.toThrow();
  });

  it("refuses streams when it does not serve any", async () => {
    await expect(serverSide.open({})).rejects.toThrow("reset");
  });
});
