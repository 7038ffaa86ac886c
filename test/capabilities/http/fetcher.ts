// A process of its own that sends one request through the http provider, in whatever environment it was started:
//   fetcher.ts <url>
// Tells what became of it on stdout, as JSON. Names lead to the loopback.
import { make } from "./made.ts";

const [url = ""] = process.argv.slice(2);
const grant = { allow: [`GET ${url}`], addresses: ["127.0.0.0/8"] };
const { perform, provider } = make({ origin: "http://127.0.0.1:1", port: 1 }, grant, {
  resolve: async () => ["127.0.0.1"],
});
process.stdout.write(JSON.stringify(await perform({ url })));
await provider.close();
