import type { Duplex } from "node:stream";
import { badRequest, StatusError } from "../../shared/errors/status-error.ts";

function statusOf(code: string | undefined): { error: StatusError; phrase: string } {
  if (code === "HPE_HEADER_OVERFLOW") {
    const error = new StatusError("", "the request headers are too large", { code: 431 });
    return { error, phrase: "Request Header Fields Too Large" };
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return {
      error: new StatusError("", "the request did not arrive in time", { code: 408 }),
      phrase: "Request Timeout",
    };
  }
  return { error: badRequest("the request is not valid HTTP/1.1"), phrase: "Bad Request" };
}

/** Answers bytes that are no request with a `Status` and closes: listener of `clientError`. */
export function answerBrokenRequest(err: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || err.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { error, phrase } = statusOf(err.code);
  const body = JSON.stringify(error.toStatus());
  const head = [
    `HTTP/1.1 ${error.code} ${phrase}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
