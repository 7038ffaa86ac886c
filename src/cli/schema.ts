// `enclosure schema`: the JSON Schema of the manifest, for editors.

import type { Command } from "commander";
import type { CommonOptions, Context } from "./context.ts";
import { visibleJson } from "./visible.ts";

export function declare(command: Command, context: Context): void {
  command
    .addHelpText("after", "\nExample:\n  enclosure schema > manifest-v1.schema.json")
    .action(async (options: CommonOptions) => {
      const { out, json, give } = context.pages(options);
      const [{ manifestSchema }, { KINDS }] = await Promise.all([
        import("../manifest/grammar.ts"),
        import("../session/kinds.ts"),
      ]);
      const schema = manifestSchema(KINDS);
      if (json) give({ version: 1, schema });
      else out.line(visibleJson(schema, 2));
    });
}
