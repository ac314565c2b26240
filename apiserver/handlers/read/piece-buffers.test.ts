import { PieceBuffers } from "./piece-buffers.ts";

const text = (piece: Buffer): string => piece.toString("utf8");

describe("PieceBuffers", () => {
  it("joins the parts in their order", () => {
    const buffers = new PieceBuffers();
    expect(text(buffers.join([Buffer.from("ab"), Buffer.from(","), Buffer.from("c")], 4))).toBe("ab,c");
  });

  it("never gives out memory that is lent", () => {
    const buffers = new PieceBuffers();
    const first = buffers.join([Buffer.from("first")], 5);
    const second = buffers.join([Buffer.from("other")], 5);
    expect([text(first), text(second)]).toEqual(["first", "other"]);
    expect(second.buffer).not.toBe(first.buffer);
  });

  it("uses released memory again, also when only a part of the piece is given back, and only once", () => {
    const buffers = new PieceBuffers();
    const first = buffers.join([Buffer.from(",first")], 6);
    buffers.release(first.subarray(1));
    buffers.release(first);
    const second = buffers.join([Buffer.from("second")], 6);
    const third = buffers.join([Buffer.from("third")], 5);
    expect(second.buffer).toBe(first.buffer);
    expect(third.buffer).not.toBe(first.buffer);
    expect([text(second), text(third)]).toEqual(["second", "third"]);
  });

  it("leaves memory alone that is not its own", () => {
    const buffers = new PieceBuffers();
    const foreign = Buffer.alloc(264 * 1024);
    buffers.release(foreign);
    expect(buffers.join([Buffer.from("x")], 1).buffer).not.toBe(foreign.buffer);
  });

  it("takes pieces that are larger than its buffers", () => {
    const large = Buffer.alloc(3_000_000, "z");
    expect(new PieceBuffers().join([large], large.length).equals(large)).toBe(true);
  });
});
