// The client of openapi-fetch over the types of openapi-typescript: registers, logs in, refreshes, lists items.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const { url, username, password } = JSON.parse(readFileSync(0, "utf8"));
const client = createClient<paths>({ baseUrl: url });

function given<Data>(answer: { data?: Data; error?: unknown }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const email = `${username}@example.com`;
given(await client.POST("/api/v1/auth/register", { body: { email, username, password } }));
const first = given(
  await client.POST("/api/v1/auth/token", {
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: { grant_type: "password", username, password },
    bodySerializer: (form) => new URLSearchParams(form as Record<string, string>),
  }),
);
const second = given(await client.POST("/api/v1/auth/refresh", { body: { refresh_token: first.refresh_token } }));
const headers = { Authorization: `Bearer ${second.access_token}` };
const title: string = given(await client.POST("/api/v1/items", { headers, body: { title: "Casablanca" } })).title;
const page = given(await client.GET("/api/v1/items", { headers, params: { query: { page_size: 10 } } }));
const me: string = given(await client.GET("/api/v1/auth/me", { headers })).username;
process.stdout.write(JSON.stringify([me, title, ...page.items.map((item) => item.title)]));
