// Agent or package replaces JSON.parse and JSON.stringify: they then see, and change, what passes the bridge.
// Invariant: the bridge uses what it captured before the agent's first line.
import { desk } from "enclosure:caps";

export default async function () {
  const seen = [];
  const { parse, stringify } = JSON;
  JSON.parse = (text, ...rest) => {
    seen.push(text);
    return parse(text, ...rest);
  };
  JSON.stringify = (value, ...rest) => {
    seen.push(stringify(value));
    return stringify(value, ...rest);
  };
  await desk.echo({ a: 1 });
  return seen.find((text) => /"type":"(?:settled|call)"/.test(text));
}
