/**
 * The two parts of undici that the client needs: the connection pools and `request`. Its main file also loads fetch,
 * WebSocket, caches and mocks, which cost every component 6 MB; so the parts are loaded by their files. The types are
 * the package's own. A new version that moves these files fails at the first import, in every test.
 */
import { createRequire } from "node:module";
import type * as Undici from "undici";

const load = createRequire(import.meta.url);

/** As the package's main file: the API functions become methods of every dispatcher. */
const dispatcher = load("undici/lib/dispatcher/dispatcher.js") as { prototype: object };
Object.assign(dispatcher.prototype, { request: load("undici/lib/api/api-request.js") as unknown });

/** Makes the connections of an agent whose certificate changes. */
export const buildConnector = load("undici/lib/core/connect.js") as typeof Undici.buildConnector;

export const Agent = load("undici/lib/dispatcher/agent.js") as typeof Undici.Agent;
