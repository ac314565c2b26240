/** Answers of one piece, compressed when they are large and the client takes that. */
import { promisify } from "node:util";
import { constants, gzip, type ZlibOptions } from "node:zlib";
import type { RequestContext } from "../../http/request-context.ts";
import { sendBytes } from "../../http/respond.ts";
import { acceptsGzip } from "./accepts-gzip.ts";

/** Smaller answers are not worth compressing (upstream's `defaultGzipThresholdBytes`). */
export const GZIP_BYTES_MIN = 128 * 1024;

const compress = promisify<Buffer, ZlibOptions, Buffer>(gzip);

export async function sendWhole(context: RequestContext, contentType: string, body: Buffer): Promise<void> {
  const { request, response } = context;
  if (body.length <= GZIP_BYTES_MIN || !acceptsGzip(request.headers["accept-encoding"])) {
    return sendBytes(context, 200, contentType, body);
  }
  const packed = await compress(body, { level: constants.Z_BEST_SPEED });
  if (response.headersSent) return;
  response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Vary", "Accept-Encoding");
  sendBytes(context, 200, contentType, packed);
}
