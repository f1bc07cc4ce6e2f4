// Runs one flow of one client: node run.mjs CLIENT FLOW, with addresses and a person as JSON on stdin; writes its results.
import { readFileSync } from "node:fs";
import { log } from "node:console";

const [, , client, flow] = process.argv;
const flows = await import(`./${client}.mjs`);
log(JSON.stringify(await flows[flow](JSON.parse(readFileSync(0, "utf8")))));
