// `enclosure schema`: the JSON Schema of the manifest, for editors.

import type { Command } from "commander";
import { KINDS } from "../kinds/all.ts";
import { manifestSchema } from "../manifest/grammar.ts";
import type { CommonOptions, Context } from "./context.ts";
import { visibleJson } from "./visible.ts";

export function declare(command: Command, context: Context): void {
  command
    .addHelpText("after", "\nExample:\n  enclosure schema > manifest-v1.schema.json")
    .action((options: CommonOptions) => {
      const { out, json, give } = context.pages(options);
      const schema = manifestSchema(KINDS);
      if (json) give({ version: 1, schema });
      else out.line(visibleJson(schema, 2));
    });
}
