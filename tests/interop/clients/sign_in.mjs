// Signs a person in with openid-client, in two steps: `begin` writes the request's URL, `finish` takes the redirect's URL.
import * as client from "openid-client";

function discovered(app) {
  const options = { execute: [client.allowInsecureRequests] };
  const secret = client.ClientSecretBasic(app.secret);
  return client.discovery(new URL(app.issuer), app.client_id, undefined, secret, options);
}

export async function begin(app) {
  const configuration = await discovered(app);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: app.redirect_uri,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  return { address: address.href, verifier, state, nonce };
}

export async function finish(app) {
  const configuration = await discovered(app);
  const tokens = await client.authorizationCodeGrant(configuration, new URL(app.callback), {
    pkceCodeVerifier: app.verifier,
    expectedState: app.state,
    expectedNonce: app.nonce,
    idTokenExpected: true,
  });
  const { sub } = tokens.claims();
  const info = await client.fetchUserInfo(configuration, tokens.access_token, sub);
  const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token);
  const bye = client.buildEndSessionUrl(configuration, { id_token_hint: tokens.id_token });
  return { sub, username: info.preferred_username, email: info.email, scope: refreshed.scope, bye: bye.href };
}
