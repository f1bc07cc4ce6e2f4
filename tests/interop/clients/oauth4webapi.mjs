import * as oauth from "oauth4webapi";
import { REFRESHES, codeOf, nameOf, statusOfItems } from "./calls.mjs";

const OPTIONS = { [oauth.allowInsecureRequests]: true };

function parties(site) {
  const server = {
    issuer: site.url,
    token_endpoint: site.url + site.token_path,
    revocation_endpoint: site.url + site.revoke_path,
  };
  return [server, { client_id: site.client_id }];
}

async function begin(site) {
  const [server, client] = parties(site);
  const { username, password } = site;
  const answer = await oauth.genericTokenEndpointRequest(
    server, client, oauth.None(), "password", { username, password }, OPTIONS,
  );
  return oauth.processGenericTokenEndpointResponse(server, client, answer);
}

async function refreshed(site, token) {
  const [server, client] = parties(site);
  const answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, OPTIONS);
  return oauth.processRefreshTokenResponse(server, client, answer);
}

async function revoke(site, token) {
  const [server, client] = parties(site);
  const answer = await oauth.revocationRequest(server, client, oauth.None(), token, OPTIONS);
  await oauth.processRevocationResponse(answer);
  return [];
}

export async function login(site) {
  return [await nameOf(site, (await begin(site)).access_token)];
}

export async function refresh(site) {
  let current = await begin(site);
  const seen = [await nameOf(site, current.access_token)];
  for (let count = 0; count < REFRESHES; count += 1) {
    current = await refreshed(site, current.refresh_token);
    seen.push(await nameOf(site, current.access_token));
  }
  return seen;
}

export async function reuse(site) {
  const first = await begin(site);
  await refreshed(site, first.refresh_token);
  return [await codeOf(() => refreshed(site, first.refresh_token), (error) => error.error)];
}

export async function logout(site) {
  return revoke(site, (await begin(site)).refresh_token);
}

export async function logoutByAccessToken(site) {
  return revoke(site, (await begin(site)).access_token);
}

function program(site) {
  const server = {
    issuer: site.url,
    token_endpoint: site.url + site.program_token_path,
    introspection_endpoint: site.url + site.introspection_path,
  };
  return [server, { client_id: site.program_id }, oauth.ClientSecretBasic(site.program_secret)];
}

async function own(site, [server, client, secret] = program(site)) {
  const wanted = { scope: site.program_scope };
  const answer = await oauth.clientCredentialsGrantRequest(server, client, secret, wanted, OPTIONS);
  return (await oauth.processClientCredentialsResponse(server, client, answer)).access_token;
}

async function worth(site, token) {
  const [server, client, secret] = program(site);
  const answer = await oauth.introspectionRequest(server, client, secret, token, OPTIONS);
  return oauth.processIntrospectionResponse(server, client, answer);
}

export async function actForItself(site) {
  return [await statusOfItems(site, await own(site))];
}

export async function lookAtAToken(site) {
  return [(await worth(site, await own(site))).scope, String((await worth(site, "a")).active)];
}

export async function findTheEndpoints(site) {
  const issuer = new URL(site.url);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...OPTIONS });
  const [, client, secret] = program(site);
  const found = await oauth.processDiscoveryResponse(issuer, answer);
  return [await statusOfItems(site, await own(site, [found, client, secret]))];
}
