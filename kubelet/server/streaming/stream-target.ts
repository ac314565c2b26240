import type { Duplex } from "node:stream";

/** What the URL of a stream names. */
export interface StreamTarget {
  readonly action: "exec" | "attach" | "portForward";
  readonly namespace: string;
  readonly podName: string;
  /** Empty when the URL does not name it. */
  readonly podUid: string;
  /** Empty for port-forward. */
  readonly container: string;
  readonly query: URLSearchParams;
}

/** A stream that cannot be opened: the HTTP code and text for the client. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws `HttpRefusal` 404 for any other path. */
export function targetOf(url: string): StreamTarget {
  const parsed = new URL(url, "http://kubelet");
  const [action = "", namespace = "", podName = "", ...rest] = parsed.pathname
    .slice(1)
    .split("/")
    .map(decodeURIComponent);
  const base = { namespace, podName, query: parsed.searchParams };
  if ((action === "exec" || action === "attach") && (rest.length === 1 || rest.length === 2)) {
    return { ...base, action, podUid: rest.length === 2 ? (rest[0] ?? "") : "", container: rest.at(-1) ?? "" };
  }
  if (action === "portForward" && podName !== "" && rest.length <= 1)
    return { ...base, action, podUid: rest[0] ?? "", container: "" };
  throw new HttpRefusal(404, "404 page not found");
}

/** Answers instead of upgrading, and closes. */
export function refuse(socket: Duplex, err: unknown): void {
  const code = err instanceof HttpRefusal ? err.code : 500;
  const text = err instanceof Error ? err.message : String(err);
  const head = `HTTP/1.1 ${code} Refused\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
