// oidc-provider on Node's own HTTP server, with an adapter for PostgreSQL, which its documentation requires for
// production: it stores clients and everything else. Access tokens are JWTs (ES256) for one resource; ID tokens of the
// application are signed with RS256. Users sign in as the login_hint of the request, and consent to everything.

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
  );
  CREATE INDEX ON payloads (grant_id);
  CREATE INDEX ON payloads (uid)`);
const clients = new PostgresAdapter("Client");
for (const [client_id, client_secret] of Object.entries(JSON.parse(process.env.PEER_CLIENTS))) {
  const grant = { grant_types: ["client_credentials"], response_types: [], redirect_uris: [], scope: SCOPE };
  await clients.upsert(client_id, { client_id, client_secret, ...grant });
}
const application = {
  client_id: process.env.PEER_APPLICATION,
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  redirect_uris: [process.env.PEER_REDIRECT_URI],
  scope: "openid",
  id_token_signed_response_alg: "RS256",
};
await clients.upsert(application.client_id, application);

const newKey = (kind, options) => generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" });
const key = newKey("ec", { namedCurve: "P-256" });
const rsaKey = newKey("rsa", { modulusLength: 3072 });
const server = { scope: SCOPE, audience: RESOURCE, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: PostgresAdapter,
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  jwks: { keys: [{ ...key, use: "sig", alg: "ES256" }, { ...rsaKey, use: "sig", alg: "RS256" }] },
  scopes: ["openid", SCOPE],
  // Codes are created before they are measured.
  ttl: { AccessToken: 600, AuthorizationCode: 3600, ClientCredentials: 600, Grant: 86400, IdToken: 600, Session: 86400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      getResourceServerInfo: () => server,
      useGrantedResource: () => true,
    },
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const accountId = params.login_hint;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("openid");
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result);
});
provider.listen(port, "127.0.0.1");
