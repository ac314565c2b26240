import { InFlight } from "../http/in-flight.ts";
import type { RequestState } from "../http/request-state.ts";
import { SharedState } from "./shared-state.ts";

const request = (): RequestState => ({}) as RequestState;

describe("SharedState", () => {
  it("adds up the requests of all threads, and forgets those of a thread that ended", () => {
    const main = new SharedState(0);
    const [own, other] = [new InFlight(main), new InFlight(new SharedState(3, main.buffers))];
    const [first, second, third] = [request(), request(), request()];
    own.begin(first, "readOnly");
    other.begin(second, "readOnly");
    other.begin(third, "mutating");
    other.begin(request(), "longRunning");
    expect([own.total("readOnly"), other.total("readOnly"), own.total("mutating")]).toEqual([2, 2, 1]);
    other.finish(second);
    other.finish(second);
    expect(own.total("readOnly")).toBe(1);
    main.clear(3);
    expect([own.total("readOnly"), own.total("mutating")]).toEqual([1, 0]);
  });

  it("shows every thread what was published, how much each was sent, and that the server stops", () => {
    const main = new SharedState(0);
    const thread = new SharedState(1, main.buffers);
    main.publish(2 ** 52 + 1);
    main.noteSent(1);
    main.noteSent(1);
    main.noteSent(2);
    expect([thread.published, thread.sentTo(1), thread.isStopping]).toEqual([2 ** 52 + 1, 2, false]);
    main.announceStop();
    expect(thread.isStopping).toBe(true);
  });
});
