// The client of @hey-api/openapi-ts, whose functions have the names of the operations.
import { readFileSync } from "node:fs";
import { client } from "./generated/client.gen.js";
import { createItem, listItems, login, readMe, refresh, register } from "./generated/index.js";

const { url, username, password } = JSON.parse(readFileSync(0, "utf8"));
const throwOnError = true;
client.setConfig({ baseUrl: url, throwOnError });

await register({ body: { email: `${username}@example.com`, username, password }, throwOnError });
const first = (await login({ body: { username, password }, throwOnError })).data;
const second = (await refresh({ body: { refresh_token: first.refresh_token }, throwOnError })).data;
client.setConfig({ auth: second.access_token });
const title: string = (await createItem({ body: { title: "Casablanca" }, throwOnError })).data.title;
const page = (await listItems({ query: { page_size: 10 }, throwOnError })).data;
const me: string = (await readMe({ throwOnError })).data.username;
process.stdout.write(JSON.stringify([me, title, ...page.items.map((item) => item.title)]));
