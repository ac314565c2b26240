/** What names may look like (`apimachinery/pkg/util/validation`); each function lists what is wrong. */

const LABEL_FORM = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORM = `${LABEL_FORM}(\\.${LABEL_FORM})*`;
const LABEL_1035_FORM = "[a-z]([-a-z0-9]*[a-z0-9])?";
const CONFIG_KEY_FORM = "[-._a-zA-Z0-9]+";
const WILDCARD_FORM = `\\*\\.${SUBDOMAIN_FORM}`;
const UNDERSCORE_FORM = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const UNDERSCORE_SUBDOMAIN_FORM = `${UNDERSCORE_FORM}(\\.${UNDERSCORE_FORM})*`;
const HTTP_HEADER_FORM = "[-A-Za-z0-9]+";

export const DNS_LABEL_MAX = 63;
export const DNS_SUBDOMAIN_MAX = 253;
const PORT_NAME_MAX = 15;

const LABEL = new RegExp(`^${LABEL_FORM}$`);
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_FORM}$`);
const WILDCARD = new RegExp(`^${WILDCARD_FORM}$`);
const LABEL_1035 = new RegExp(`^${LABEL_1035_FORM}$`);
const CONFIG_KEY = new RegExp(`^${CONFIG_KEY_FORM}$`);
const UNDERSCORE_SUBDOMAIN = new RegExp(`^${UNDERSCORE_SUBDOMAIN_FORM}$`);
const HTTP_HEADER = new RegExp(`^${HTTP_HEADER_FORM}$`);
const ENV_NAME = /^[ -<>-~]+$/;
const PORT_NAME_CHARACTERS = /^[-a-z0-9]+$/;
const LETTER = /[a-z]/;

const example = (texts: string, form: string): string => `(e.g. ${texts}, regex used for validation is '${form}')`;

const LABEL_RULE = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character ${example("'my-name',  or '123-abc'", LABEL_FORM)}`;
const SUBDOMAIN_RULE = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character ${example("'example.com'", SUBDOMAIN_FORM)}`;
const LABEL_1035_RULE = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character ${example("'my-name',  or 'abc-123'", LABEL_1035_FORM)}`;
const CONFIG_KEY_RULE = `a valid config key must consist of alphanumeric characters, '-', '_' or '.' ${example("'key.name',  or 'KEY_NAME',  or 'key-name'", CONFIG_KEY_FORM)}`;

const UNDERSCORE_SUBDOMAIN_RULE = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character ${example("'example.com'", UNDERSCORE_SUBDOMAIN_FORM)}`;
const WILDCARD_RULE = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character ${example("'*.example.com'", WILDCARD_FORM)}`;
const HTTP_HEADER_RULE = `a valid HTTP header must consist of alphanumeric characters or '-' ${example("'X-Header-Name'", HTTP_HEADER_FORM)}`;

const atMost = (limit: number): string => `must be no more than ${limit} characters`;

function problems(value: string, limit: number, form: RegExp, rule: string): string[] {
  const found = value.length > limit ? [atMost(limit)] : [];
  if (!form.test(value)) found.push(rule);
  return found;
}

export function dnsLabelProblems(value: string): string[] {
  const found = problems(value, DNS_LABEL_MAX, LABEL, LABEL_RULE);
  // A good subdomain that is no good label can only have dots too many.
  if (found.at(-1) === LABEL_RULE && SUBDOMAIN.test(value)) found[found.length - 1] = "must not contain dots";
  return found;
}
export const dnsSubdomainProblems = (value: string): string[] =>
  problems(value, DNS_SUBDOMAIN_MAX, SUBDOMAIN, SUBDOMAIN_RULE);
/** `*.example.com` */
export const wildcardSubdomainProblems = (value: string): string[] =>
  problems(value, DNS_SUBDOMAIN_MAX, WILDCARD, WILDCARD_RULE);
/** Search domains of a resolver. */
export const dnsSubdomainWithUnderscoreProblems = (value: string): string[] =>
  problems(value, DNS_SUBDOMAIN_MAX, UNDERSCORE_SUBDOMAIN, UNDERSCORE_SUBDOMAIN_RULE);
export const dns1035LabelProblems = (value: string): string[] =>
  problems(value, DNS_LABEL_MAX, LABEL_1035, LABEL_1035_RULE);

/** Keys of ConfigMaps and Secrets. */
export function configKeyProblems(key: string): string[] {
  const found = problems(key, DNS_SUBDOMAIN_MAX, CONFIG_KEY, CONFIG_KEY_RULE);
  if (key === ".") found.push("must not be '.'");
  else if (key === "..") found.push("must not be '..'");
  else if (key.startsWith("..")) found.push("must not start with '..'");
  return found;
}

/** Names of RBAC objects: anything that can stand as one segment of a path. */
export function pathSegmentProblems(name: string): string[] {
  if (name === ".") return ["may not be '.'"];
  if (name === "..") return ["may not be '..'"];
  return ["/", "%"]
    .filter((character) => name.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** Names of environment variables: printable ASCII without `=`. */
export function envNameProblems(name: string): string[] {
  if (!ENV_NAME.test(name)) {
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
  }
  return [];
}

/** Names of HTTP headers, as Go's library takes them. */
export const httpHeaderProblems = (name: string): string[] => (HTTP_HEADER.test(name) ? [] : [HTTP_HEADER_RULE]);

/** Names of container and service ports (IANA service names). */
export function portNameProblems(name: string): string[] {
  const found: string[] = [];
  if (name.length > PORT_NAME_MAX) found.push(`must be no more than ${PORT_NAME_MAX} characters`);
  if (!PORT_NAME_CHARACTERS.test(name))
    found.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!LETTER.test(name)) found.push("must contain at least one letter (a-z)");
  if (name.includes("--")) found.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) found.push("must not begin or end with a hyphen");
  return found;
}

export function portNumberProblems(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** A port by number, or by the name that the pod gives it. */
export function portProblems(port: number | string): string[] {
  return typeof port === "number" ? portNumberProblems(port) : portNameProblems(port);
}
