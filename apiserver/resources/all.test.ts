import { apiResources } from "../../test/support/api-resources.ts";
import { builtInStrategies } from "./all.ts";

const facts = apiResources.map(({ group, version, resource }) => `${group}/${version}/${resource}`);
const served = builtInStrategies.map(({ resource: { group, version, plural } }) => `${group}/${version}/${plural}`);

describe("the resources", () => {
  it("are those of the API reference, in its order", () => {
    expect(served).toEqual(facts);
  });

  it("have a row each", () => {
    expect(facts).toHaveLength(68);
  });
});
