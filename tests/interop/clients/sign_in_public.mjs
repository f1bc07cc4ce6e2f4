// Signs a person in with oauth4webapi as a public client, in two steps as sign_in.mjs does. The library checks state, issuer,
// nonce, the ID token's claims and signature, and that userinfo belongs to the same user.
import * as oauth from "oauth4webapi";

const OPTIONS = { [oauth.allowInsecureRequests]: true };

async function parties(app) {
  const issuer = new URL(app.issuer);
  const answer = await oauth.discoveryRequest(issuer, OPTIONS);
  return [await oauth.processDiscoveryResponse(issuer, answer), { client_id: app.client_id }];
}

export async function begin(app) {
  const [server] = await parties(app);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const address = new URL(server.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: app.client_id,
    redirect_uri: app.redirect_uri,
    response_type: "code",
    scope: "openid profile email offline_access",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  return { address: address.href, verifier, state, nonce };
}

export async function finish(app) {
  const [server, client] = await parties(app);
  const came = oauth.validateAuthResponse(server, client, new URL(app.callback), app.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), came, app.redirect_uri, app.verifier, OPTIONS,
  );
  const checks = { expectedNonce: app.nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, checks);
  await oauth.validateApplicationLevelSignature(server, answer, OPTIONS);
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const asked = await oauth.userInfoRequest(server, client, tokens.access_token, OPTIONS);
  const info = await oauth.processUserInfoResponse(server, client, sub, asked);
  const again = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, OPTIONS);
  const renewed = await oauth.processRefreshTokenResponse(server, client, again);
  const revoked = await oauth.revocationRequest(server, client, oauth.None(), renewed.refresh_token, OPTIONS);
  await oauth.processRevocationResponse(revoked);
  return { sub, username: info.preferred_username, email: info.email, scope: renewed.scope };
}
