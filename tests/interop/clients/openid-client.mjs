import * as client from "openid-client";
import { REFRESHES, codeOf, nameOf, statusOfItems } from "./calls.mjs";

function configuration(site) {
  const server = {
    issuer: site.url,
    token_endpoint: site.url + site.token_path,
    revocation_endpoint: site.url + site.revoke_path,
  };
  const made = new client.Configuration(server, site.client_id, undefined, client.None());
  client.allowInsecureRequests(made);
  return made;
}

function begin(site) {
  const { username, password } = site;
  return client.genericGrantRequest(configuration(site), "password", { username, password });
}

export async function login(site) {
  return [await nameOf(site, (await begin(site)).access_token)];
}

export async function refresh(site) {
  let current = await begin(site);
  const seen = [await nameOf(site, current.access_token)];
  for (let count = 0; count < REFRESHES; count += 1) {
    current = await client.refreshTokenGrant(configuration(site), current.refresh_token);
    seen.push(await nameOf(site, current.access_token));
  }
  return seen;
}

export async function reuse(site) {
  const first = await begin(site);
  const again = () => client.refreshTokenGrant(configuration(site), first.refresh_token);
  await again();
  return [await codeOf(again, (error) => error.error)];
}

export async function logout(site) {
  const { refresh_token: token } = await begin(site);
  await client.tokenRevocation(configuration(site), token, { token_type_hint: "refresh_token" });
  return [];
}

export async function logoutByAccessToken(site) {
  await client.tokenRevocation(configuration(site), (await begin(site)).access_token);
  return [];
}

function program(site) {
  const server = {
    issuer: site.url,
    token_endpoint: site.url + site.program_token_path,
    introspection_endpoint: site.url + site.introspection_path,
  };
  const secret = client.ClientSecretBasic(site.program_secret);
  const made = new client.Configuration(server, site.program_id, undefined, secret);
  client.allowInsecureRequests(made);
  return made;
}

async function own(site) {
  return (await client.clientCredentialsGrant(program(site), { scope: site.program_scope })).access_token;
}

export async function actForItself(site) {
  return [await statusOfItems(site, await own(site))];
}

export async function lookAtAToken(site) {
  const good = await client.tokenIntrospection(program(site), await own(site));
  const bad = await client.tokenIntrospection(program(site), "a");
  return [good.scope, String(bad.active)];
}

export async function findTheEndpoints(site) {
  const secret = client.ClientSecretBasic(site.program_secret);
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  const found = await client.discovery(new URL(site.url), site.program_id, undefined, secret, options);
  const { access_token: token } = await client.clientCredentialsGrant(found, { scope: site.program_scope });
  return [await statusOfItems(site, token)];
}
