// oidc-provider on Node's own HTTP server, with an adapter for PostgreSQL, as its documentation demands one for
// production: it keeps clients and whatever is stored. Access tokens are JWTs (ES256) for one resource.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";
import pg from "pg";

const port = Number(process.env.PORT);
const pool = new pg.Pool();
const RESOURCE = "https://orders.example";
const SCOPE = "orders:read";

// Named statements are prepared once on each connection.
const statement = (name, text, values) => pool.query({ name, text, values });
const moment = (expiresIn) => (expiresIn ? new Date(Date.now() + expiresIn * 1000) : null);

class PostgresAdapter {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, expiresIn) {
    await statement(
      "upsert",
      `INSERT INTO payloads (model, id, payload, grant_id, user_code, uid, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (model, id) DO UPDATE SET payload = $3, grant_id = $4, user_code = $5, uid = $6, expires_at = $7`,
      [this.model, id, payload, payload.grantId, payload.userCode, payload.uid, moment(expiresIn)],
    );
  }

  async #one(column, value) {
    const { rows } = await statement(
      `find by ${column}`,
      `SELECT payload, consumed_at FROM payloads
       WHERE model = $1 AND ${column} = $2 AND (expires_at IS NULL OR expires_at > now())`,
      [this.model, value],
    );
    return rows[0] && { ...rows[0].payload, ...(rows[0].consumed_at && { consumed: true }) };
  }

  find(id) {
    return this.#one("id", id);
  }

  findByUserCode(userCode) {
    return this.#one("user_code", userCode);
  }

  findByUid(uid) {
    return this.#one("uid", uid);
  }

  async consume(id) {
    const text = "UPDATE payloads SET consumed_at = now() WHERE model = $1 AND id = $2";
    await statement("consume", text, [this.model, id]);
  }

  async destroy(id) {
    await statement("destroy", "DELETE FROM payloads WHERE model = $1 AND id = $2", [this.model, id]);
  }

  async revokeByGrantId(grantId) {
    await statement("revoke", "DELETE FROM payloads WHERE grant_id = $1", [grantId]);
  }
}

await pool.query(`
  CREATE TABLE payloads (
    model text, id text, payload jsonb NOT NULL, grant_id text, user_code text, uid text,
    expires_at timestamptz, consumed_at timestamptz, PRIMARY KEY (model, id)
  )`);
const clients = new PostgresAdapter("Client");
for (const [client_id, client_secret] of Object.entries(JSON.parse(process.env.PEER_CLIENTS))) {
  const grant = { grant_types: ["client_credentials"], response_types: [], redirect_uris: [], scope: SCOPE };
  await clients.upsert(client_id, { client_id, client_secret, ...grant });
}

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const server = { scope: SCOPE, audience: RESOURCE, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: PostgresAdapter,
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  jwks: { keys: [{ ...key, use: "sig", alg: "ES256" }] },
  scopes: [SCOPE],
  ttl: { ClientCredentials: 600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: { enabled: true, defaultResource: () => RESOURCE, getResourceServerInfo: () => server },
  },
});
provider.listen(port, "127.0.0.1");
