import type { ErrorDetail } from "@novacore/protocol";
import type { TSchema } from "typebox";
import { Value } from "typebox/value";

/** What is wrong with a value, member by member, in words that say what to write instead. */
export function schemaFaults(schema: TSchema, value: unknown): readonly ErrorDetail[] {
  const faults = Value.Errors(schema, value).flatMap((error) => {
    const { instancePath: path, keyword, params } = error;
    switch (keyword) {
      case "boolean":
        return [{ path, message: "is no member that is known here" }];
      case "additionalProperties":
      case "anyOf":
        // The same once more, of the whole.
        return [];
      case "required":
        return params.requiredProperties.map((name) => ({
          path: `${path}/${name}`,
          message: "is missing",
        }));
      case "enum":
        return [{ path, message: `must be one of ${params.allowedValues.join(", ")}` }];
      default:
        return [{ path, message: error.message }];
    }
  });
  return faults.slice(0, faultsMax);
}

/** Enough to mend it with; a hostile value could hold thousands. */
const faultsMax = 16;
