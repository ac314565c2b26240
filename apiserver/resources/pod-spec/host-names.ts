/** Rules of what a pod knows about names: its own, `dnsPolicy` and `dnsConfig`, `hostAliases`. */
import type { HostAlias, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { ipProblems } from "../../validation/addresses.ts";
import { addInvalid, addOptionalNameErrors } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupportedInOrder, required, tooLong } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems, dnsSubdomainWithUnderscoreProblems } from "../../validation/names.ts";

const POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
/** What the resolver of the C library reads. */
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARACTERS_MAX = 2048;
const HOST_NAME_MAX = 64;

export function addDnsErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const policy = spec.dnsPolicy ?? "";
  if (policy === "") errors.push(required(`${field}.dnsPolicy`));
  else if (!POLICIES.includes(policy)) errors.push(notSupportedInOrder(`${field}.dnsPolicy`, policy, POLICIES));
  const at = `${field}.dnsConfig`;
  const { dnsConfig: config } = spec;
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === "None" && nameservers.length === 0) {
    errors.push(
      config === undefined
        ? required(at, "must provide `dnsConfig` when `dnsPolicy` is None")
        : required(`${at}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None"),
    );
    return;
  }
  if (nameservers.length > NAMESERVERS_MAX)
    errors.push(
      invalidValue(`${at}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`),
    );
  nameservers.forEach((server, index) => addInvalid(errors, `${at}.nameservers[${index}]`, server, ipProblems(server)));
  addSearchErrors(searches, `${at}.searches`, errors);
  options.forEach(({ name = "" }, index) => {
    if (name === "") errors.push(required(`${at}.options[${index}]`, "must not be empty"));
  });
}

function addSearchErrors(searches: readonly string[], field: string, errors: FieldError[]): void {
  if (searches.length > SEARCHES_MAX)
    errors.push(invalidValue(field, searches, `must not have more than ${SEARCHES_MAX} search paths`));
  if (searches.join(" ").length > SEARCH_CHARACTERS_MAX)
    errors.push(
      invalidValue(
        field,
        searches,
        `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`,
      ),
    );
  searches.forEach((search, index) => {
    if (search === ".") return;
    const domain = search.endsWith(".") ? search.slice(0, -1) : search;
    addInvalid(errors, `${field}[${index}]`, domain, dnsSubdomainWithUnderscoreProblems(domain));
  });
}

export function addHostAliasErrors(
  aliases: readonly HostAlias[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  aliases?.forEach(({ ip, hostnames = [] }, index) => {
    const at = `${field}[${index}]`;
    addInvalid(errors, `${at}.ip`, ip, ipProblems(ip));
    hostnames.forEach((name, position) =>
      addInvalid(errors, `${at}.hostnames[${position}]`, name, dnsSubdomainProblems(name)),
    );
  });
}

export function addHostNameErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  addOptionalNameErrors(errors, `${field}.hostname`, spec.hostname, dnsLabelProblems);
  addOptionalNameErrors(errors, `${field}.subdomain`, spec.subdomain, dnsLabelProblems);
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const at = `${field}.hostnameOverride`;
  if (spec.setHostnameAsFQDN === true)
    errors.push(forbiddenField(at, "may not be specified when setHostnameAsFQDN is true"));
  if (spec.hostNetwork === true) errors.push(forbiddenField(at, "may not be specified when hostNetwork is true"));
  if (name.length > HOST_NAME_MAX) errors.push(tooLong(at, HOST_NAME_MAX));
  addInvalid(errors, at, name, dnsSubdomainProblems(name));
}
