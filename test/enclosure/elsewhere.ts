// Plays the agent on stdin in this process's own environment, and prints what the guest said.
import { readFileSync } from "node:fs";
import { play } from "./session.ts";

const { messages } = await play(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(messages));
