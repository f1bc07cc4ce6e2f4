// Gets tokens that are bound to a key (DPoP) with oauth4webapi as a public client, in two steps as sign_in.mjs does: `begin`
// binds the code to the key, `finish` exchanges and refreshes, and calls userinfo or an API that accepts the tokens.
import * as oauth from "oauth4webapi";

const OPTIONS = { [oauth.allowInsecureRequests]: true };
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bound", version: "1" } },
});

async function server(app) {
  const issuer = new URL(app.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, OPTIONS));
}

async function pairOf(jwk) {
  const { d, key_ops: _, ...open } = jwk;
  return {
    privateKey: await crypto.subtle.importKey("jwk", { ...open, d }, ALGORITHM, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("jwk", open, ALGORITHM, true, ["verify"]),
  };
}

export async function begin(app) {
  const { authorization_endpoint } = await server(app);
  const pair = await oauth.generateKeyPair("ES256", { extractable: true });
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const address = new URL(authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: app.client_id,
    redirect_uri: app.redirect_uri,
    response_type: "code",
    scope: app.scope,
    ...(app.resource && { resource: app.resource }),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    dpop_jkt: await oauth.DPoP({ client_id: app.client_id }, pair).calculateThumbprint(),
    state,
  });
  return { address: address.href, verifier, state, jwk: await crypto.subtle.exportKey("jwk", pair.privateKey) };
}

export async function finish(app) {
  const [as, client] = [await server(app), { client_id: app.client_id }];
  const options = { ...OPTIONS, DPoP: oauth.DPoP(client, await pairOf(app.jwk)) };
  const came = oauth.validateAuthResponse(as, client, new URL(app.callback), app.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    as, client, oauth.None(), came, app.redirect_uri, app.verifier, options,
  );
  const first = await oauth.processAuthorizationCodeResponse(as, client, answer);
  const asked = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), first.refresh_token, options);
  const second = await oauth.processRefreshTokenResponse(as, client, asked);
  const call = app.resource ? callService : callUserinfo;
  return {
    types: [first.token_type, second.token_type],
    seen: await call(app, as, client, second.access_token, options),
    unbound: await challengeOf(() => call(app, as, client, second.access_token, OPTIONS)),
    stolen: await challengeOf(async () => {
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
      return call(app, as, client, second.access_token, { ...OPTIONS, DPoP });
    }),
  };
}

async function callUserinfo(_app, as, client, token, options) {
  const answer = await oauth.userInfoRequest(as, client, token, options);
  return (await oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, answer)).sub;
}

async function callService(app, _as, _client, token, options) {
  const headers = new Headers({ Accept: "application/json, text/event-stream", "Content-Type": "application/json" });
  const answer = await oauth.protectedResourceRequest(
    token, "POST", new URL(app.resource), headers, INITIALIZE, options,
  );
  return `${answer.status} ${await answer.text()}`;
}

async function challengeOf(call) {
  try {
    return await call();
  } catch (error) {
    return error.cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.algs ?? null]);
  }
}
