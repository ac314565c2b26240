/** Fills the Secrets that ask for a ServiceAccount's token, and removes those whose account is gone (upstream: `pkg/controller/serviceaccount/tokens_controller.go`). */
import type { Secret, ServiceAccount } from "../../../shared/api/generated/core/v1.ts";
import { isNotFound } from "../../../shared/errors/status-error.ts";
import { createInformer } from "../../../shared/informer/informer.ts";
import { signJwt } from "../../../shared/process/jws.ts";
import { readSigningKey, type SigningKey } from "../../../shared/process/signing-keys.ts";
import { secrets, serviceAccounts } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { accountNameOf, planTokenSecret, TOKEN_SECRET_TYPE } from "./plan.ts";

type Reads = { readonly serviceAccounts: typeof serviceAccounts };
type Writes = { readonly secrets: typeof secrets };
type Context = LoopContext<Reads, Writes>;

/** `--service-account-private-key-file`, `--root-ca-file`: PEM. */
export interface TokenSettings {
  readonly signingKey: string;
  readonly rootCa: string | undefined;
}

const WORKERS = 5;

/** The account as the cache shows it, or as the API does: a Secret may be faster than its account. */
async function accountOf({ informers, client, signal }: Context, secret: Secret): Promise<ServiceAccount | undefined> {
  const [namespace, name] = [secret.metadata.namespace ?? "", accountNameOf(secret)];
  const cached = informers.serviceAccounts.lister.get(namespace, name);
  if (cached !== undefined || name === "") return cached;
  try {
    return await client.get(serviceAccounts, { namespace, name }, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

interface Tools {
  readonly signingKey: SigningKey;
  readonly rootCa: string | undefined;
}

async function settle({ signingKey, rootCa }: Tools, context: Context, secret: Secret): Promise<void> {
  const step = planTokenSecret(secret, await accountOf(context, secret), rootCa);
  if (step.kind === "nothing") return;
  let object = secret;
  if (step.kind === "fill") {
    const token = step.claims === undefined ? undefined : Buffer.from(signJwt(step.claims, signingKey));
    const data = { ...step.filled.data, ...(token === undefined ? {} : { token: token.toString("base64") }) };
    object = { ...step.filled, data };
  }
  const outcome = await context.execute([
    step.kind === "delete"
      ? { verb: "delete", resource: "secrets", target: secret }
      : { verb: "update", resource: "secrets", object },
  ]);
  if (outcome.kind !== "done") throw outcome.error ?? new Error(`secret ${objectKey(secret)} has changed`);
}

async function runTokens(settings: TokenSettings, context: Context): Promise<void> {
  const { client, clock, logger, signal, informers } = context;
  const tools = { signingKey: readSigningKey(settings.signingKey), rootCa: settings.rootCa };
  const queue = context.createQueue("serviceaccount_tokens_secret");
  // Only those of this type: the others are none of our business, and may be many.
  const fieldSelector = `type=${TOKEN_SECRET_TYPE}`;
  const tokens = createInformer({ client, resource: secrets, clock, logger, fieldSelector });
  const add = (secret: Secret): void => queue.add(objectKey(secret));
  const addOf = ({ metadata }: ServiceAccount): void => {
    for (const secret of tokens.lister.list(metadata.namespace)) {
      if (accountNameOf(secret) === metadata.name) add(secret);
    }
  };
  const removers = [
    tokens.addHandlers({ onAdd: add, onUpdate: add }),
    informers.serviceAccounts.addHandlers({ onAdd: addOf, onDelete: addOf }),
  ];
  const work = async (key: string): Promise<void> => {
    const [namespace, name = ""] = key.split("/");
    const secret = tokens.lister.get(namespace, name);
    if (secret !== undefined) await settle(tools, context, secret);
  };
  await Promise.all([tokens.run(signal), workOn(queue, WORKERS, work, context)]);
  for (const remove of removers) remove();
}

export function serviceAccountTokens(settings: TokenSettings): RunnableController {
  return defineLoop({
    name: "serviceaccount-token-controller",
    reads: { serviceAccounts },
    writes: { secrets },
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }],
    run: (context) => runTokens(settings, context),
  });
}
