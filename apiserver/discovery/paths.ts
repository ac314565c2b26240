import type { RequestContext } from "../http/request-context.ts";
import { sendObject, sendText } from "../http/respond.ts";

/** Something that answers paths that are no resources. */
export interface PathServer {
  /** What it lists at `/`. */
  paths(): string[];
  /** Answers, or returns false when the path is not its own. */
  serve(context: RequestContext): Promise<boolean> | boolean;
}

/** A server of one exact path. */
export function onePath(path: string, answer: (context: RequestContext) => Promise<void> | void): PathServer {
  return {
    paths: () => [path],
    serve: async (context) => {
      if (context.info.path !== path && context.info.path !== `${path}/`) return false;
      await answer(context);
      return true;
    },
  };
}

const READ_METHODS = new Set(["GET", "HEAD"]);

/** Asks each server in turn; `/` lists all paths, and what nobody knows is `404 page not found`. */
export function createPathHandler(servers: readonly PathServer[]): (context: RequestContext) => Promise<boolean> {
  return async (context) => {
    const { path } = context.info;
    const isRead = READ_METHODS.has(context.request.method ?? "");
    if (path === "/" && isRead) {
      const paths = servers.flatMap((server) => server.paths()).toSorted();
      sendObject(context, 200, { paths });
      return true;
    }
    for (const server of isRead ? servers : []) if (await server.serve(context)) return true;
    // What looks like a resource gets a Status from the dispatcher.
    if (path.startsWith("/api/") || path.startsWith("/apis/")) return false;
    sendText(context, 404, "404 page not found\n");
    return true;
  };
}
